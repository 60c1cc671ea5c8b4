# What an installed Lectern is: the program, its models, the script that fetches a chat model, the manual's pages and the shells' completions.
# Everything is found from the executable (app/installed.h). `cpack` makes a Debian package of it.
include(GNUInstallDirs)

set(manual ${PROJECT_BINARY_DIR}/manual)
set(manual_stamp ${manual}/stamp)
file(MAKE_DIRECTORY ${manual})
add_custom_command(OUTPUT ${manual_stamp}
  COMMAND manual_make ${manual}
  COMMAND ${CMAKE_COMMAND} -E touch ${manual_stamp}
  DEPENDS manual_make VERBATIM)
add_custom_target(manual ALL DEPENDS ${manual_stamp})

install(TARGETS lectern RUNTIME)
file(GLOB shipped_models CONFIGURE_DEPENDS models/*.gguf)
install(FILES ${shipped_models} DESTINATION ${CMAKE_INSTALL_DATADIR}/lectern)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(PROGRAMS scripts/get_answerer.sh DESTINATION ${CMAKE_INSTALL_DATADIR}/lectern)
install(DIRECTORY ${manual}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(FILES ${manual}/lectern DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${manual}/_lectern DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${manual}/lectern.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "Lectern <lectern@invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "reader of whole books and repositories in the terminal")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION text)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libvulkan1, poppler-utils")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-pip")
include(CPack)
