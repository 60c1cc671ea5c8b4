/* What a product's elements become before they are stored: bias and activation. Needs FLAGS. */
layout(set = 0, binding = 3) readonly buffer Bias { float bias[]; };

/* What a gate becomes, with PROJECT_GATE: y / (1 + e^-z). */
float gate_of(float y)
{
    float z = (FLAGS & PROJECT_TANH) != 0 ? 1.5957691216 * y * (1 + 0.044715 * y * y) : y;
    return y / (1 + exp(-z));
}

float finish(uint column, float v)
{
    if ((FLAGS & PROJECT_BIAS) != 0) v += bias[column];
    if ((FLAGS & PROJECT_GELU) == 0) return v;
    /* v (1 + erf(v / sqrt 2)) / 2 within 2e-7 |v|: Abramowitz and Stegun's 7.1.26, as in compute/vector.h */
    float z = abs(v) * 0.70710678, t = 1 / (1 + 0.3275911 * z);
    float beyond = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * exp(-z * z);
    return 0.5 * v * (v > 0 ? 2 - beyond : beyond);
}
