# The tests that are programs of their own (cmocka).

# One program a test file; it runs in the source tree so that tests/data is where it expects it.
file(GLOB test_sources CONFIGURE_DEPENDS test_*.c)
if(NOT TARGET compute_vulkan)
  list(FILTER test_sources EXCLUDE REGEX "test_(vulkan_|attend_chains)")
endif()
if(NOT LIBARCHIVE_FOUND OR NOT LIBXML2_FOUND)
  list(FILTER test_sources EXCLUDE REGEX "test_(archive|convert|html)\\.c")
endif()
foreach(source ${test_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE test_support PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endforeach()

# The same tests where the processor multiplies in fewer bits.
foreach(precision bf16 int8)
  foreach(name test_session test_encoder test_chat_families)
    add_test(NAME ${name}_${precision} COMMAND ${name} cpu/${precision} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endforeach()
endforeach()

# The loops of every kind of processor that this one can run.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  foreach(kind v2 v3 v4 v4-vnni)
    foreach(name test_ops test_attention test_evidence test_weight_rows test_rows_cpu test_evidence_cpu test_encoder)
      add_test(NAME ${name}_${kind} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      set_tests_properties(${name}_${kind} PROPERTIES ENVIRONMENT LECTERN_CPU=x86-64-${kind} SKIP_RETURN_CODE 77)
    endforeach()
  endforeach()
endif()

# The same tests on a Vulkan device (tests/test_device.h). Compiled pipelines are kept in the build folder.
if(TARGET compute_vulkan)
  set(vulkan_tests test_vulkan_device test_vulkan_answerer test_vulkan_reread)
  set(tiers fp32 fp16)
  set(shared_tests test_ops test_attention test_session test_evidence test_inspect test_encoder test_attend_local test_window_session test_chat_families)
  if(CMAKE_C_FLAGS MATCHES fsanitize) # a software device takes minutes under the sanitizers
    set(tiers fp32)
    set(shared_tests test_ops)
  endif()
  foreach(tier ${tiers})
    foreach(name ${shared_tests})
      add_test(NAME ${name}_vulkan_${tier} COMMAND ${name} vulkan/${tier} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      list(APPEND vulkan_tests ${name}_vulkan_${tier})
    endforeach()
  endforeach()
  set_tests_properties(${vulkan_tests} PROPERTIES SKIP_RETURN_CODE 77 ENVIRONMENT
    "XDG_CACHE_HOME=${PROJECT_BINARY_DIR}/cache;LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/lsan.supp")
endif()

# The same vectors for the pieces of the file that ships.
add_test(NAME test_words_shipped COMMAND test_words models/lectern-s-reread.gguf tests/data/words_vectors.txt
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME test_window_session_shipped COMMAND test_window_session cpu models/lectern-s.gguf tests/data/window_vectors.gguf
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

# A model that is fetched, not shipped.
set_tests_properties(test_smollm2 PROPERTIES SKIP_RETURN_CODE 77)

# The same tests on several ranks (compute/comm.h).
if(MPI_FOUND AND NOT LECTERN_MPI STREQUAL OFF)
  find_program(MPIRUN mpirun)
endif()
if(MPIRUN)
  foreach(ranks 2 3 4)
    set(run ${MPIRUN} -n ${ranks} --oversubscribe --allow-run-as-root)
    foreach(name test_ranks test_scale_ranks)
      add_test(NAME ${name}_${ranks} COMMAND ${run} $<TARGET_FILE:${name}>)
      list(APPEND ranks_tests ${name}_${ranks})
    endforeach()
    if(TARGET compute_vulkan AND NOT CMAKE_C_FLAGS MATCHES fsanitize)
      add_test(NAME test_scale_ranks_${ranks}_vulkan COMMAND ${run} $<TARGET_FILE:test_scale_ranks> vulkan/fp32)
      list(APPEND ranks_vulkan_tests test_scale_ranks_${ranks}_vulkan)
    endif()
  endforeach()
  # OpenMPI leaks, partly in plug-ins that are gone when leaks are looked for: those are looked for with one rank.
  set_tests_properties(${ranks_tests} PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0 TIMEOUT 300)
  if(ranks_vulkan_tests)
    set_tests_properties(${ranks_vulkan_tests} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1500
      ENVIRONMENT "XDG_CACHE_HOME=${PROJECT_BINARY_DIR}/cache")
  endif()
endif()
