/* math_vector: the functions of math.h on sixteen lanes, equal to them in every bit. */
#ifndef CNN_KERNELS_MATH_VECTOR_H
#define CNN_KERNELS_MATH_VECTOR_H

#include "kernels/math.h"
#include "kernels/vector.h"

/* a * b + c, rounded twice. */
CNN__INLINE cnn__vec cnn__vmul_add(cnn__vec a, cnn__vec b, cnn__vec c) { return cnn__vadd(cnn__vmul(a, b), c); }

CNN__INLINE cnn__vec cnn__vexp(cnn__vec x) {
  x = cnn__vmin(cnn__vset(CNN__EXP_MOST), x);
  x = cnn__vmax(cnn__vset(CNN__EXP_LEAST), x);
  cnn__vec shifted = cnn__vmul_add(x, cnn__vset(CNN__LOG2_E), cnn__vset(CNN__ROUND));
  cnn__vec k = cnn__vsub(shifted, cnn__vset(CNN__ROUND));
  cnn__vec r = cnn__vsub(x, cnn__vmul(k, cnn__vset(CNN__LN2_HIGH)));
  r = cnn__vsub(r, cnn__vmul(k, cnn__vset(CNN__LN2_LOW)));
  cnn__vec p = cnn__vset(CNN__EXP_6);
  p = cnn__vmul_add(p, r, cnn__vset(CNN__EXP_5));
  p = cnn__vmul_add(p, r, cnn__vset(CNN__EXP_4));
  p = cnn__vmul_add(p, r, cnn__vset(CNN__EXP_3));
  p = cnn__vmul_add(p, r, cnn__vset(CNN__EXP_2));
  p = cnn__vadd(cnn__vmul_add(cnn__vmul(r, r), p, r), cnn__vset(1.0f));
  cnn__ivec one = cnn__iset(1);
  cnn__ivec bias = cnn__iset(256u - 0x4b400000u); /* 0x4b400000: the bits of CNN__ROUND */
  cnn__ivec integer = cnn__iadd(cnn__vbits(shifted), bias);
  cnn__ivec half = cnn__iright(integer, 1);
  cnn__vec first = cnn__ifloat(cnn__ileft(cnn__isub(half, one), 23));
  cnn__vec second = cnn__ifloat(cnn__ileft(cnn__isub(cnn__isub(integer, half), one), 23));
  return cnn__vmul(cnn__vmul(p, first), second);
}

CNN__INLINE cnn__vec cnn__vtanh(cnn__vec x) {
  cnn__ivec sign = cnn__iand(cnn__vbits(x), cnn__iset(0x80000000u));
  cnn__vec a = cnn__ifloat(cnn__iand(cnn__vbits(x), cnn__iset(0x7fffffffu)));
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
