/* Which elements of a 16 x 16 matrix an invocation of a subgroup of 32 has, where coopmat_fragment.comp has found it so: those of two rows, eight
 * apart, each row shared by four neighbours. */
#define SIDE 16
#define FRAGMENT 8
#define ACCUMULATOR coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator>
#define LEFT coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseA>
#define RIGHT coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseB>

uint fragment_half(uint e) { return e / 4; } /* which of the two rows */
uint fragment_row(uint h) { return gl_SubgroupInvocationID / 4 + 8 * h; }
uint fragment_column(uint e) { return gl_SubgroupInvocationID % 4 * 2 + e % 2 + e / 2 % 2 * 8; }
