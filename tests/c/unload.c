/* A library that is opened at run time, as plug-ins are, and closed while its worker lives: it stays, since its
   threads and its handlers of fork and exit outlive dlclose. Takes the library's path. */

#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "kit.h"

/* A function of the library's, of its declared type. */
#define FIND(library, function) \
    do { \
        void *found_ = dlsym((library), #function); \
        CHECK(found_ != NULL); \
        memcpy(&use.function, &found_, sizeof found_); \
    } while (0)

static struct {
    trackside_status (*trackside_options_new)(trackside_options **, trackside_error *);
    trackside_status (*trackside_options_toml)(trackside_options *, trackside_bytes, trackside_error *);
    void (*trackside_options_free)(trackside_options *);
    trackside_status (*trackside_tracker_open)(const trackside_options *, trackside_tracker **, trackside_error *);
    trackside_status (*trackside_exchange_begin)(
        const trackside_tracker *, const trackside_request *, trackside_exchange **, trackside_error *);
    trackside_status (*trackside_exchange_finish)(trackside_exchange *, const trackside_response *, trackside_error *);
    void (*trackside_exchange_free)(trackside_exchange *);
    trackside_status (*trackside_tracker_flush)(const trackside_tracker *, uint64_t, trackside_left *, trackside_error *);
} use;

static void a_page(const trackside_tracker *tracker, const char *target)
{
    trackside_request request = page_request(target, BROWSER);
    trackside_response response = page_response();
    trackside_exchange *exchange = NULL;
    CHECK_INT(use.trackside_exchange_begin(tracker, &request, &exchange, NULL), TRACKSIDE_OK);
    CHECK_INT(use.trackside_exchange_finish(exchange, &response, NULL), TRACKSIDE_OK);
    use.trackside_exchange_free(exchange);
}

/* Opens, uses and closes the library, with a hit left for the handler of exit. */
static void use_and_unload(const char *path, const char *toml)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    FIND(library, trackside_options_new);
    FIND(library, trackside_options_toml);
    FIND(library, trackside_options_free);
    FIND(library, trackside_tracker_open);
    FIND(library, trackside_exchange_begin);
    FIND(library, trackside_exchange_finish);
    FIND(library, trackside_exchange_free);
    FIND(library, trackside_tracker_flush);
    trackside_options *options = NULL;
    static trackside_tracker *tracker;
    CHECK_INT(use.trackside_options_new(&options, NULL), TRACKSIDE_OK);
    CHECK_INT(use.trackside_options_toml(options, trackside_text(toml), NULL), TRACKSIDE_OK);
    CHECK_INT(use.trackside_tracker_open(options, &tracker, NULL), TRACKSIDE_OK);
    use.trackside_options_free(options);
    a_page(tracker, "/first");
    CHECK_INT(use.trackside_tracker_flush(tracker, LIMIT, NULL, NULL), TRACKSIDE_OK);
    a_page(tracker, "/second");
    CHECK_INT(dlclose(library), 0);
    /* It is still there. */
    CHECK(dlopen(path, RTLD_NOW | RTLD_NOLOAD) != NULL);
}

int main(int count, char **arguments)
{
    watchdog();
    CHECK_INT(count, 2);
    char folder[] = "/tmp/trackside-c-XXXXXX";
    char path[60], toml[300], line[2000];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/hits.jsonl", folder);
    snprintf(toml, sizeof toml,
        "consent.policy = 'none'\n[[destination]]\ntype = 'file'\npath = '%s'\nbatch.age = '10s'\n", path);

    /* In a child, whose exit is part of what is looked at. */
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        use_and_unload(arguments[1], toml);
        exit(0);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);

    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    CHECK(fgets(line, sizeof line, file) != NULL);
    CHECK_PART(line, "\"/first\"");
    CHECK(fgets(line, sizeof line, file) != NULL);
    CHECK_PART(line, "\"/second\"");
    CHECK(fgets(line, sizeof line, file) == NULL);
    CHECK_INT(fclose(file), 0);
    CHECK_INT(unlink(path) + rmdir(folder), 0);
    return 0;
}
