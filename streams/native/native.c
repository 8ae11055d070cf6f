#include "native.h"

/* Of the sources that the library was made from. */
EXPORT const uint32_t native_fingerprint = FINGERPRINT;
