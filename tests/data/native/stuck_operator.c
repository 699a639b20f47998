/* An operator for ONNX Runtime that never comes back: `test.framelane::Stuck`, float32 in, float32 out.
 *
 * Declared by hand, as no wheel brings the header: only the first fields of OrtCustomOp are used, and three functions
 * of OrtApi by their slots, which never move (see src/ort/api.hpp).
 */
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

typedef struct Operator {
  uint32_t version;
  void* (*create)(const struct Operator*, const void* api, const void* info);
  const char* (*name)(const struct Operator*);
  const char* (*provider)(const struct Operator*);
  int (*input_type)(const struct Operator*, size_t);
  size_t (*input_count)(const struct Operator*);
  int (*output_type)(const struct Operator*, size_t);
  size_t (*output_count)(const struct Operator*);
  void (*compute)(void* kernel, void* context);
  void (*destroy)(void* kernel);
  int (*input_kind)(const struct Operator*, size_t);
  int (*output_kind)(const struct Operator*, size_t);
} Operator;

typedef struct {
  const void* const* (*get_api)(uint32_t version);
} ApiBase;

enum { FLOAT = 1, REQUIRED = 0, VERSION = 10, CREATE_DOMAIN = 26, ADD_TO_DOMAIN = 27,
       ADD_DOMAIN = 28 };

static int kernel;
static void* create(const Operator* o, const void* api, const void* info) { return &kernel; }
static const char* name(const Operator* o) { return "Stuck"; }
static const char* provider(const Operator* o) { return NULL; }
static int type(const Operator* o, size_t index) { return FLOAT; }
static size_t one(const Operator* o) { return 1; }
static int kind(const Operator* o, size_t index) { return REQUIRED; }
static void destroy(void* k) {}
static void compute(void* k, void* context) {
  for (;;) {
    pause();
  }
}

static Operator stuck = {VERSION, create, name, provider, type, one, type, one, compute, destroy, kind, kind};

void* RegisterCustomOps(void* options, const ApiBase* base) {
  const void* const* api = (const void* const*)base->get_api(VERSION);
  void* domain = NULL;
  void* status = ((void* (*)(const char*, void**))api[CREATE_DOMAIN])("test.framelane", &domain);
  if (status == NULL) {
    status = ((void* (*)(void*, const Operator*))api[ADD_TO_DOMAIN])(domain, &stuck);
  }
  return status != NULL ? status : ((void* (*)(void*, void*))api[ADD_DOMAIN])(options, domain);
}
