#include "base/pch.h"  // The precompiled header needs one source file of its own.
