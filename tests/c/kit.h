/* What several programs need: trackers, page views, books, and events to wait for. */

#ifndef KIT_H
#define KIT_H

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* How long anything may take that takes no time at all on an idle machine, in milliseconds. */
#define LIMIT UINT64_C(120000)

/* Fewer forks where each takes seconds: under valgrind. */
#ifdef BRIEFLY
#define OF_FORKS(all, few) (few)
#else
#define OF_FORKS(all, few) (all)
#endif

/* A program that has not ended by then is ended by a signal; valgrind makes everything slow. */
static inline void watchdog(void)
{
    alarm(300);
}

/* A number that grows, and can be waited for. */
typedef struct counter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned value;
} counter;

#define COUNTER_INIT { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 }

static inline unsigned counter_add(counter *self, unsigned more)
{
    CHECK_INT(pthread_mutex_lock(&self->lock), 0);
    unsigned value = self->value += more;
    CHECK_INT(pthread_cond_broadcast(&self->changed), 0);
    CHECK_INT(pthread_mutex_unlock(&self->lock), 0);
    return value;
}

static inline unsigned counter_get(counter *self)
{
    CHECK_INT(pthread_mutex_lock(&self->lock), 0);
    unsigned value = self->value;
    CHECK_INT(pthread_mutex_unlock(&self->lock), 0);
    return value;
}

static inline void counter_wait(counter *self, unsigned at_least)
{
    CHECK_INT(pthread_mutex_lock(&self->lock), 0);
    while (self->value < at_least) {
        CHECK_INT(pthread_cond_wait(&self->changed, &self->lock), 0);
    }
    CHECK_INT(pthread_mutex_unlock(&self->lock), 0);
}

/* Options that hold this configuration. */
static inline trackside_options *options_of(const char *toml)
{
    trackside_options *options = NULL;
    OK(trackside_options_new, &options);
    OK(trackside_options_toml, options, trackside_text(toml));
    return options;
}

/* A tracker of these options, which are freed. */
static inline trackside_tracker *open_options(trackside_options *options)
{
    trackside_tracker *tracker = NULL;
    OK(trackside_tracker_open, options, &tracker);
    trackside_options_free(options);
    return tracker;
}

/* A tracker that keeps its hits. */
static inline trackside_tracker *open_recording(const char *toml)
{
    trackside_options *options = options_of(toml);
    OK(trackside_options_recording, options);
    return open_options(options);
}

/* A tracker whose destination `name` delivers to `sink`. */
static inline trackside_tracker *open_sink(const char *toml, const char *name, const trackside_sink *sink)
{
    trackside_options *options = options_of(toml);
    OK(trackside_options_sink, options, trackside_text(name), sink);
    return open_options(options);
}

/* A browser's request for a page. */
static inline trackside_request page_request(const char *target, const trackside_header headers[2])
{
    trackside_request request = TRACKSIDE_REQUEST_INIT;
    request.method = trackside_text("GET");
    request.target = trackside_text(target);
    request.headers = headers;
    request.header_count = 2;
    return request;
}

static const trackside_header BROWSER[2] = {
    { TRACKSIDE_TEXT("host"), TRACKSIDE_TEXT("www.example.com") },
    { TRACKSIDE_TEXT("accept"), TRACKSIDE_TEXT("text/html") },
};

static const trackside_header HTML[1] = {
    { TRACKSIDE_TEXT("content-type"), TRACKSIDE_TEXT("text/html; charset=utf-8") },
};

static inline trackside_exchange *begin_page(const trackside_tracker *tracker, const char *target)
{
    trackside_request request = page_request(target, BROWSER);
    trackside_exchange *exchange = NULL;
    OK(trackside_exchange_begin, tracker, &request, &exchange);
    return exchange;
}

/* The page is there: 200, text/html. */
static inline trackside_response page_response(void)
{
    trackside_response response = TRACKSIDE_RESPONSE_INIT;
    response.status = 200;
    response.headers = HTML;
    response.header_count = 1;
    return response;
}

/* Finishes the exchange with a page, frees it, and answers why it was skipped; 0: it was not. */
static inline trackside_reason finish_page(trackside_exchange *exchange)
{
    trackside_response response = page_response();
    trackside_reason reason = 999;
    OK(trackside_exchange_finish, exchange, &response);
    OK(trackside_exchange_reason, exchange, &reason);
    trackside_exchange_free(exchange);
    return reason;
}

static inline trackside_reason visit(const trackside_tracker *tracker, const char *target)
{
    return finish_page(begin_page(tracker, target));
}

static inline void add_event_of_all_parts(trackside_exchange *exchange)
{
    trackside_property properties[2] = { TRACKSIDE_PROPERTY_INIT, TRACKSIDE_PROPERTY_INIT };
    properties[0].key = trackside_text("colour");
    properties[0].text = trackside_text("red");
    properties[1].key = trackside_text("gift");
    properties[1].type = TRACKSIDE_TYPE_TRUTH;
    trackside_event event = TRACKSIDE_EVENT_INIT;
    event.name = trackside_text("add");
    event.category = trackside_text("cart");
    event.label = trackside_text("SKU-1");
    event.has_value = true;
    event.value = 2;
    event.properties = properties;
    event.property_count = 2;
    OK(trackside_exchange_add_event, exchange, &event);
}

/* trackside_scratch_begin and _end with the error struct at the end, as all others have it. */
static inline trackside_status scratch_begin(trackside_scratch *scratch, const trackside_tracker *tracker,
    const unsigned char *lines, size_t length, trackside_error *error)
{
    if (scratch != NULL) {
        scratch->error = error;
    }
    return trackside_scratch_begin(scratch, tracker, lines, length, 0);
}

static inline trackside_status scratch_end(
    trackside_scratch *scratch, const unsigned char *blob, size_t length, trackside_error *error)
{
    if (scratch != NULL) {
        scratch->error = error;
    }
    return trackside_scratch_end(scratch, blob, length);
}

/* The book of one destination, with the sums of its reasons. */
typedef struct book {
    trackside_hits_book hits;
    trackside_requests_book requests;
    uint64_t skipped;
    /* hits.name is gone with the stats. */
    char name[65];
} book;

/* Reads both books, of requests and of the hits of the first destination, while others may write in them. The library
   makes `pending` of the others, so that these always balance. */
static inline book books_meanwhile(const trackside_tracker *tracker)
{
    book book = { TRACKSIDE_HITS_BOOK_INIT, TRACKSIDE_REQUESTS_BOOK_INIT, 0, "" };
    trackside_stats *stats = NULL;
    OK(trackside_tracker_stats, tracker, &stats);
    OK(trackside_stats_requests, stats, &book.requests);
    OK(trackside_stats_destination, stats, 0, &book.hits);
    CHECK(book.hits.name.length < sizeof book.name);
    memcpy(book.name, book.hits.name.data, book.hits.name.length);
    uint64_t ended = 0;
    for (unsigned reason = 1; reason < 300; reason++) {
        book.skipped += trackside_stats_skipped(stats, (trackside_reason)reason);
        ended += trackside_stats_hits(stats, 0, (trackside_reason)reason);
    }
    CHECK_INT(book.requests.seen, book.requests.tracked + book.skipped);
    CHECK_INT(ended, book.hits.refused + book.hits.dropped);
    CHECK_INT(book.hits.offered + book.hits.adopted,
        book.hits.delivered + book.hits.refused + book.hits.dropped + book.hits.pending);
    trackside_stats_free(stats);
    return book;
}

/* Reads both books when nobody writes in them: the hits that have not ended are where they are counted apart. */
static inline book books_of(const trackside_tracker *tracker)
{
    book book = books_meanwhile(tracker);
    CHECK_INT(book.hits.pending, book.hits.queued + book.hits.in_flight + book.hits.spooled);
    return book;
}

/* How many hits of the first destination were refused or dropped for this reason. */
static inline uint64_t hits_for(const trackside_tracker *tracker, trackside_reason reason)
{
    trackside_stats *stats = NULL;
    OK(trackside_tracker_stats, tracker, &stats);
    uint64_t hits = trackside_stats_hits(stats, 0, reason);
    trackside_stats_free(stats);
    return hits;
}

/* How many requests were skipped for this reason. */
static inline uint64_t skipped_for(const trackside_tracker *tracker, trackside_reason reason)
{
    trackside_stats *stats = NULL;
    OK(trackside_tracker_stats, tracker, &stats);
    uint64_t skipped = trackside_stats_skipped(stats, reason);
    trackside_stats_free(stats);
    return skipped;
}

/* The recorded hit of this index. */
static inline trackside_hit *recorded(const trackside_tracker *tracker, size_t index)
{
    trackside_hit *hit = NULL;
    OK(trackside_tracker_recorded, tracker, index, &hit);
    return hit;
}

static inline trackside_bytes hit_text(const trackside_hit *hit, trackside_field field)
{
    trackside_bytes text = { NULL, 99 };
    OK(trackside_hit_text, hit, field, &text);
    return text;
}

/* What functions are given that ask for a function and are not to use it. */
static inline uint64_t some_clock(void *userdata)
{
    (void)userdata;
    return UINT64_C(1784714400123456);
}

static inline void some_entropy(void *userdata, unsigned char bytes[64])
{
    (void)userdata;
    memset(bytes, 7, 64);
}

static inline bool some_keys(void *userdata, uint64_t day, unsigned char key[32])
{
    (void)userdata;
    memset(key, (int)(day % 251), 32);
    return true;
}

static inline trackside_outcome takes_all(void *userdata, trackside_batch *batch)
{
    (void)userdata;
    (void)batch;
    return TRACKSIDE_OUTCOME_DELIVERED;
}

/* A new file that several processes append to; its name takes the place of the XXXXXX that `path` ends in. */
static inline int open_for_all(char *path)
{
    int made = mkstemp(path);
    CHECK(made >= 0);
    CHECK_INT(close(made), 0);
    int file = open(path, O_WRONLY | O_APPEND);
    CHECK(file >= 0);
    return file;
}

/* The child has ended by itself, and without complaint. */
static inline void ended_well(pid_t child)
{
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

/* Everything in time and nothing left. */
static inline void close_all(const trackside_tracker *tracker)
{
    trackside_left left = TRACKSIDE_LEFT_INIT;
    OK(trackside_tracker_close, tracker, LIMIT, &left);
    CHECK_INT(left.queued + left.in_flight + left.spooled, 0);
}

#endif
