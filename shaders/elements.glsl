/* What activations are kept in: float16 in the tiers that multiply in it (HALF), else float32. Comes before any declaration. */
#ifdef HALF
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_shader_16bit_storage : require
#define ELEMENT float16_t
#define ELEMENT4 f16vec4
#else
#define ELEMENT float
#define ELEMENT4 vec4
#endif
