/* The log callback: what it is told, from which level on, and that it can be changed and taken back. */

#define _POSIX_C_SOURCE 200809L

#include "sink.h"

enum { ERROR = 1, WARN = 2, DEBUG = 4, TRACE = 5 };

/* What was told, by level, and the last text of each. */
typedef struct journal {
    pthread_mutex_t lock;
    unsigned count[TRACE + 1];
    char last[TRACE + 1][1000];
} journal;

#define JOURNAL_INIT { PTHREAD_MUTEX_INITIALIZER, { 0 }, { { 0 } } }

static void note(void *userdata, int32_t level, trackside_bytes message)
{
    journal *self = userdata;
    CHECK(level >= ERROR && level <= TRACE);
    CHECK(message.length > 0);
    /* It may call the library. */
    CHECK_STRING(trackside_reason_code(TRACKSIDE_REASON_OFF), "off");
    size_t length = message.length < 999 ? message.length : 999;
    CHECK_INT(pthread_mutex_lock(&self->lock), 0);
    self->count[level]++;
    memcpy(self->last[level], message.data, length);
    self->last[level][length] = 0;
    CHECK_INT(pthread_mutex_unlock(&self->lock), 0);
}

static unsigned count(journal *self, int level)
{
    CHECK_INT(pthread_mutex_lock(&self->lock), 0);
    unsigned count = self->count[level];
    CHECK_INT(pthread_mutex_unlock(&self->lock), 0);
    return count;
}

/* The time is cut, of which opening a tracker warns. */
static const char WARNS[] = "consent.policy = 'none'\nvisitor.cookie.max_age = '500d'\n";

static void warnings_are_told(void)
{
    journal journal = JOURNAL_INIT;
    OK(trackside_log_set, note, WARN, &journal);
    trackside_tracker *tracker = open_recording(WARNS);
    CHECK_INT(count(&journal, WARN), 1);
    CHECK_PART(journal.last[WARN], "max_age");
    CHECK_INT(visit(tracker, "/"), 0);
    CHECK_INT(count(&journal, DEBUG), 0);

    /* Each verdict, on the debug level. */
    OK(trackside_log_set, note, DEBUG, &journal);
    CHECK_INT(visit(tracker, "/"), 0);
    CHECK_INT(count(&journal, DEBUG), 1);
    CHECK_PART(journal.last[DEBUG], "tracked");

    /* Less again. */
    OK(trackside_log_set, note, ERROR, &journal);
    CHECK_INT(visit(tracker, "/"), 0);
    trackside_tracker_free(open_recording(WARNS));
    CHECK_INT(count(&journal, DEBUG), 1);
    CHECK_INT(count(&journal, WARN), 1);

    /* Nothing any more. */
    OK(trackside_log_set, NULL, TRACE, NULL);
    trackside_tracker_free(open_recording(WARNS));
    CHECK_INT(count(&journal, WARN), 1);
    trackside_tracker_free(tracker);
}

static void errors_of_a_worker_are_told(void)
{
    journal journal = JOURNAL_INIT;
    OK(trackside_log_set, note, WARN, &journal);
    trackside_tracker *tracker = open_options(options_of(
        "consent.policy = 'none'\n[[destination]]\ntype = 'file'\nname = 'lines'\npath = '/nowhere/at/all.jsonl'\n"));
    visit_each(tracker, 0, 2);
    close_all(tracker);
    CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_STORE_UNAVAILABLE), 2);
    CHECK_INT(count(&journal, ERROR), 1);
    CHECK_PART(journal.last[ERROR], "lines");
    CHECK_PART(journal.last[ERROR], "/nowhere/at/all.jsonl");
    trackside_tracker_free(tracker);
    OK(trackside_log_set, NULL, ERROR, NULL);
}

/* What the log of a worker did. */
static counter told = COUNTER_INIT;

/* It may use the tracker whose worker it is told by, but not wait for it. */
static void meddle(void *userdata, int32_t level, trackside_bytes message)
{
    trackside_tracker *tracker = *(trackside_tracker **)userdata;
    CHECK_INT(level, ERROR);
    CHECK(message.length > 0);
    CHECK_INT(books_meanwhile(tracker).hits.offered, 1);
    REFUSES(TRACKSIDE_REENTRANT, "worker", trackside_tracker_flush, tracker, LIMIT, NULL);
    REFUSES(TRACKSIDE_REENTRANT, "worker", trackside_tracker_close, tracker, LIMIT, NULL);
    CHECK_INT(visit(tracker, "/from-the-log"), 0);
    /* Of which it would be told, and is not. */
    trackside_tracker_free(open_recording(WARNS));
    OK(trackside_log_set, meddle, ERROR, userdata);
    counter_add(&told, 1);
}

static void a_worker_s_message_may_be_answered(void)
{
    trackside_tracker *tracker = NULL;
    OK(trackside_log_set, meddle, WARN, &tracker);
    tracker = open_options(options_of(
        "consent.policy = 'none'\n[[destination]]\ntype = 'file'\nname = 'lines'\npath = '/nowhere/at/all.jsonl'\n"));
    CHECK_INT(visit(tracker, "/"), 0);
    counter_wait(&told, 1);
    close_all(tracker);
    /* Both hits are lost, and it was said once. */
    CHECK_INT(counter_get(&told), 1);
    CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_STORE_UNAVAILABLE), 2);
    CHECK_INT(books_of(tracker).requests.tracked, 2);
    OK(trackside_log_set, NULL, ERROR, NULL);
    trackside_tracker_free(tracker);
}

/* By the request that crosses the line. */
static void what_is_hardly_meant_is_warned_of_once(void)
{
    journal journal = JOURNAL_INIT;
    OK(trackside_log_set, note, WARN, &journal);
    trackside_tracker *tracker = open_recording("consent.policy = 'none'\ntrack.ignore = ['/']\n");
    for (int n = 0; n < 99; n++) {
        CHECK_INT(visit(tracker, "/"), TRACKSIDE_REASON_IGNORED);
    }
    CHECK_INT(count(&journal, WARN), 0);
    for (int n = 0; n < 3; n++) {
        CHECK_INT(visit(tracker, "/"), TRACKSIDE_REASON_IGNORED);
    }
    CHECK_INT(count(&journal, WARN), 1);
    CHECK_PART(journal.last[WARN], "skipped(ignored)");
    CHECK_PART(journal.last[WARN], "`track.ignore`");

    /* A peer without an address, which a proxy on a unix socket has, and a header that a proxy writes. */
    const trackside_header headers[2] = {
        { TRACKSIDE_TEXT("host"), TRACKSIDE_TEXT("www.example.com") },
        { TRACKSIDE_TEXT("x-forwarded-for"), TRACKSIDE_TEXT("198.51.100.7") },
    };
    trackside_request request = page_request("/", headers);
    for (int n = 0; n < 3; n++) {
        trackside_exchange *exchange = NULL;
        OK(trackside_exchange_begin, tracker, &request, &exchange);
        trackside_exchange_free(exchange);
    }
    CHECK_INT(count(&journal, WARN), 2);
    CHECK_PART(journal.last[WARN], "x-forwarded-for");
    CHECK_PART(journal.last[WARN], "`proxy.trusted`");
    trackside_tracker_free(tracker);
    OK(trackside_log_set, NULL, ERROR, NULL);
}

static void wrong_levels_are_refused(void)
{
    journal journal = JOURNAL_INIT;
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "level", trackside_log_set, note, 0, &journal);
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "level", trackside_log_set, note, 6, &journal);
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "level", trackside_log_set, note, -1, &journal);
}

/* It is set and taken back while others are told. */
static journal shared = JOURNAL_INIT;

static void *log_much(void *argument)
{
    for (unsigned n = 0; n < 200; n++) {
        CHECK_INT(visit(argument, "/"), 0);
    }
    return NULL;
}

static void it_may_be_set_at_any_time(void)
{
    trackside_tracker *tracker = open_recording("consent.policy = 'none'\n");
    pthread_t threads[3];
    for (int n = 0; n < 3; n++) {
        CHECK_INT(pthread_create(&threads[n], NULL, log_much, tracker), 0);
    }
    for (int n = 0; n < 200; n++) {
        OK(trackside_log_set, n % 2 == 0 ? note : NULL, DEBUG, &shared);
    }
    for (int n = 0; n < 3; n++) {
        CHECK_INT(pthread_join(threads[n], NULL), 0);
    }
    OK(trackside_log_set, note, DEBUG, &shared);
    unsigned before = count(&shared, DEBUG);
    CHECK_INT(visit(tracker, "/"), 0);
    CHECK_INT(count(&shared, DEBUG), before + 1);
    OK(trackside_log_set, NULL, DEBUG, NULL);
    CHECK_INT(books_of(tracker).requests.tracked, 601);
    trackside_tracker_free(tracker);
}

/* Messages that wait until they are taken, by whoever comes and not by a thread of the library. */
static void messages_wait_to_be_taken(void)
{
    const uint32_t *waiting = NULL;
    char text[200];
    size_t needed = 0;
    int32_t level = 0;
    uint64_t lost = 99;
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "level", trackside_log_keep, 6, &waiting);
    OK(trackside_log_keep, WARN, &waiting);
    CHECK_INT(*waiting, 0);
    FAILS(TRACKSIDE_NOT_FOUND, "no message", trackside_log_take, text, sizeof text, &needed, &level, &lost);

    trackside_tracker *tracker = open_recording(WARNS);
    CHECK_INT(visit(tracker, "/"), 0);
    CHECK_INT(*waiting, 1);
    FAILS(TRACKSIDE_BUFFER, "", trackside_log_take, text, 3, &needed, NULL, NULL);
    CHECK_INT(*waiting, 1);
    OK(trackside_log_take, text, sizeof text, &needed, &level, &lost);
    CHECK_PART(text, "max_age");
    CHECK_INT(needed, strlen(text) + 1);
    CHECK_INT(level, WARN);
    CHECK_INT(lost, 0);
    CHECK_INT(*waiting, 0);

    /* More than is kept. */
    OK(trackside_log_keep, DEBUG, &waiting);
    for (unsigned n = 0; n < 1003; n++) {
        CHECK_INT(visit(tracker, "/"), 0);
    }
    CHECK_INT(*waiting, 1000);
    OK(trackside_log_take, text, sizeof text, &needed, &level, &lost);
    CHECK_INT(lost, 3);
    CHECK_INT(level, DEBUG);

    CHECK_INT(*waiting, 999);
    for (unsigned n = 0; n < 999; n++) {
        OK(trackside_log_take, text, sizeof text, &needed, NULL, &lost);
        CHECK_INT(lost, 0);
    }
    FAILS(TRACKSIDE_NOT_FOUND, "", trackside_log_take, text, sizeof text, &needed, NULL, NULL);
    OK(trackside_log_set, NULL, TRACE, NULL);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    warnings_are_told();
    errors_of_a_worker_are_told();
    a_worker_s_message_may_be_answered();
    what_is_hardly_meant_is_warned_of_once();
    wrong_levels_are_refused();
    it_may_be_set_at_any_time();
    messages_wait_to_be_taken();
    return 0;
}
