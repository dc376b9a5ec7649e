/* math_vector: the functions of math.h on sixteen lanes, equal to them in every bit. */
#ifndef CNN_KERNELS_MATH_VECTOR_H
#define CNN_KERNELS_MATH_VECTOR_H

#include "kernels/math.h"
#include "kernels/vector.h"

/* a * b + c, rounded twice. */
CNN__INLINE cnn__vec cnn__vmul_add(cnn__vec a, cnn__vec b, cnn__vec c) { return cnn__vadd(cnn__vmul(a, b), c); }

CNN__INLINE cnn__vec cnn__vexp_near_0(cnn__vec r) {
  cnn__vec p = cnn__vset(CNN__EXP_6);
  p = cnn__vmul_add(p, r, cnn__vset(CNN__EXP_5));
  p = cnn__vmul_add(p, r, cnn__vset(CNN__EXP_4));
  p = cnn__vmul_add(p, r, cnn__vset(CNN__EXP_3));
  p = cnn__vmul_add(p, r, cnn__vset(CNN__EXP_2));
  return cnn__vmul_add(cnn__vmul(r, r), p, r);
}

CNN__INLINE cnn__vec cnn__vexp_scaled(cnn__vec shifted, cnn__vec r) {
  cnn__vec p = cnn__vadd(cnn__vexp_near_0(r), cnn__vset(1.0f));
  cnn__ivec one = cnn__iset(1);
  cnn__ivec bias = cnn__iset(256u - 0x4b400000u); /* 0x4b400000: the bits of CNN__ROUND */
  cnn__ivec integer = cnn__iadd(cnn__vbits(shifted), bias);
  cnn__ivec half = cnn__iright(integer, 1);
  cnn__vec first = cnn__ifloat(cnn__ileft(cnn__isub(half, one), 23));
  cnn__vec second = cnn__ifloat(cnn__ileft(cnn__isub(cnn__isub(integer, half), one), 23));
  return cnn__vmul(cnn__vmul(p, first), second);
}

/* x - k ln 2, where k is what stands in the low bits of `shifted`. */
CNN__INLINE cnn__vec cnn__vexp_rest(cnn__vec x, cnn__vec shifted) {
  cnn__vec k = cnn__vsub(shifted, cnn__vset(CNN__ROUND));
  cnn__vec r = cnn__vsub(x, cnn__vmul(k, cnn__vset(CNN__LN2_HIGH)));
  return cnn__vsub(r, cnn__vmul(k, cnn__vset(CNN__LN2_LOW)));
}

CNN__INLINE cnn__vec cnn__vexp(cnn__vec x) {
  x = cnn__vmin(cnn__vset(CNN__EXP_MOST), x);
  x = cnn__vmax(cnn__vset(CNN__EXP_LEAST), x);
  cnn__vec shifted = cnn__vmul_add(x, cnn__vset(CNN__LOG2_E), cnn__vset(CNN__ROUND));
  return cnn__vexp_scaled(shifted, cnn__vexp_rest(x, shifted));
}

CNN__INLINE cnn__vec cnn__vexpm1_below_0(cnn__vec x) {
  x = cnn__vmin(cnn__vset(0.0f), x);
  x = cnn__vmax(cnn__vset(CNN__EXPM1_LEAST), x);
  cnn__vec shifted = cnn__vmul_add(x, cnn__vset(CNN__LOG2_E), cnn__vset(CNN__ROUND));
  cnn__vec p = cnn__vexp_near_0(cnn__vexp_rest(x, shifted));
  cnn__vec power = cnn__ifloat(cnn__ileft(cnn__iadd(cnn__vbits(shifted), cnn__iset(127u - 0x4b400000u)), 23));
  return cnn__vmul_add(power, p, cnn__vsub(power, cnn__vset(1.0f)));
}

CNN__INLINE cnn__vec cnn__vlog1p_unit(cnn__vec e) {
  cnn__vec s = cnn__vdiv(e, cnn__vadd(cnn__vset(2.0f), e));
  cnn__vec z = cnn__vmul(s, s);
  cnn__vec p = cnn__vset(CNN__LOG1P_3);
  p = cnn__vmul_add(p, z, cnn__vset(CNN__LOG1P_2));
  p = cnn__vmul_add(p, z, cnn__vset(CNN__LOG1P_1));
  p = cnn__vmul_add(p, z, cnn__vset(CNN__LOG1P_0));
  return cnn__vmul_add(cnn__vmul(s, z), p, cnn__vadd(s, s));
}

CNN__INLINE cnn__vec cnn__vmagnitude(cnn__vec x) { return cnn__ifloat(cnn__iand(cnn__vbits(x), cnn__iset(0x7fffffffu))); }

CNN__INLINE cnn__vec cnn__vnormal(cnn__vec x, cnn__vec *bell) {
  static const float odd[] = {CNN__NORMAL_ODD_4, CNN__NORMAL_ODD_3, CNN__NORMAL_ODD_2, CNN__NORMAL_ODD_1,
                              CNN__NORMAL_ODD_0};
  static const float tail[] = {CNN__NORMAL_7, CNN__NORMAL_6, CNN__NORMAL_5, CNN__NORMAL_4,
                               CNN__NORMAL_3, CNN__NORMAL_2, CNN__NORMAL_1, CNN__NORMAL_0};
  const cnn__vec one = cnn__vset(1.0f), minus_half = cnn__vset(-0.5f);
  cnn__vec a = cnn__vmin(cnn__vset(CNN__NORMAL_MOST), cnn__vmagnitude(x));
  cnn__vec high = cnn__ifloat(cnn__iand(cnn__vbits(a), cnn__iset(0xfffff000u)));
  cnn__vec square = cnn__vmul(cnn__vmul(high, high), minus_half);
  cnn__vec rest = cnn__vmul(cnn__vmul(cnn__vsub(a, high), cnn__vadd(a, high)), minus_half);
  cnn__vec shifted = cnn__vmul_add(cnn__vadd(square, rest), cnn__vset(CNN__LOG2_E), cnn__vset(CNN__ROUND));
  *bell = cnn__vexp_scaled(shifted, cnn__vadd(cnn__vexp_rest(square, shifted), rest));
  cnn__vec z = cnn__vmul(x, x), near = cnn__vset(CNN__NORMAL_ODD_5);
  for (int i = 0; i < 5; i++) {
    near = cnn__vmul_add(near, z, cnn__vset(odd[i]));
  }
  near = cnn__vmul_add(near, x, cnn__vset(0.5f));
  cnn__vec t = cnn__vdiv(cnn__vset(2.0f), cnn__vadd(a, cnn__vset(2.0f)));
  cnn__vec p = cnn__vset(CNN__NORMAL_8);
  for (int i = 0; i < 8; i++) {
    p = cnn__vmul_add(p, t, cnn__vset(tail[i]));
  }
  cnn__vec below = cnn__vmul(*bell, cnn__vmul(p, t));
  cnn__vec far = cnn__vselect(cnn__vgreater(x, cnn__vset(0.0f)), cnn__vsub(one, below), below);
  return cnn__vselect(cnn__vgreater(cnn__vset(CNN__NORMAL_SMALL), a), near, far);
}

CNN__INLINE cnn__vec cnn__vtanh(cnn__vec x) {
  cnn__ivec sign = cnn__iand(cnn__vbits(x), cnn__iset(0x80000000u));
  cnn__vec a = cnn__vmagnitude(x);
  cnn__vec z = cnn__vmul(a, a);
  cnn__vec p = cnn__vset(CNN__TANH_5);
  p = cnn__vmul_add(p, z, cnn__vset(CNN__TANH_4));
  p = cnn__vmul_add(p, z, cnn__vset(CNN__TANH_3));
  p = cnn__vmul_add(p, z, cnn__vset(CNN__TANH_2));
  p = cnn__vmul_add(p, z, cnn__vset(CNN__TANH_1));
  cnn__vec small = cnn__vmul_add(cnn__vmul(p, z), a, a);
  cnn__vec one = cnn__vset(1.0f);
  cnn__vec large = cnn__vdiv(cnn__vset(2.0f), cnn__vadd(cnn__vexp(cnn__vadd(a, a)), one));
  cnn__vec t = cnn__vselect(cnn__vgreater(cnn__vset(CNN__TANH_SMALL), a), small, cnn__vsub(one, large));
  return cnn__ifloat(cnn__ior(cnn__vbits(t), sign));
}

#endif
