/* The reader's shape; the files in Python beside ask whether the weights have it. */
#ifndef GROUNDSWELL_MODEL_H
#define GROUNDSWELL_MODEL_H

#define CHANNELS 128
#define TAPS 5
#define HEADS 2

#endif
