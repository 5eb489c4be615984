/* Many threads on one tracker: they begin and finish, others read the books, flush and raise events. At the end
   the books are held against what the threads counted themselves. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

enum { THREADS = 6, ROUNDS = 40, READERS = 2 };

static const char TOML[] =
    "consent.policy = 'none'\ntrack.ignore = ['/admin/']\n"
    "[[destination]]\ntype = 'callback'\nname = 'mine'\nworkers = 2\nbatch.hits = 7\nbatch.age = '1ms'\n";

/* What one thread has to do, and what came of it. */
typedef struct job {
    const trackside_tracker *tracker;
    pthread_t thread;
    unsigned number;
    unsigned tracked, ignored, abandoned, events;
} job;

/* What the sink was given. */
static struct {
    pthread_mutex_t lock;
    unsigned pages, events;
} taken = { PTHREAD_MUTEX_INITIALIZER, 0, 0 };

static counter ready = COUNTER_INIT, freed = COUNTER_INIT, writers = COUNTER_INIT;

/* An exchange that another thread finishes. */
static struct {
    pthread_mutex_t lock;
    trackside_exchange *exchange;
} table = { PTHREAD_MUTEX_INITIALIZER, NULL };

static trackside_outcome deliver(void *userdata, trackside_batch *batch)
{
    (void)userdata;
    CHECK_INT(pthread_mutex_lock(&taken.lock), 0);
    for (size_t n = 0; n < trackside_batch_count(batch); n++) {
        const trackside_hit *hit = NULL;
        OK(trackside_batch_hit, batch, n, &hit);
        trackside_bytes kind = hit_text(hit, TRACKSIDE_FIELD_KIND);
        if (kind.length == 4) {
            CHECK_TEXT(kind, "page");
            taken.pages++;
        } else {
            CHECK_TEXT(kind, "event");
            taken.events++;
        }
    }
    CHECK_INT(pthread_mutex_unlock(&taken.lock), 0);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void let_go(void *userdata)
{
    (void)userdata;
    counter_add(&freed, 1);
}

/* All threads begin at once. */
static void meet(void)
{
    counter_add(&ready, 1);
    counter_wait(&ready, THREADS + READERS);
}

static trackside_exchange *swap(trackside_exchange *exchange)
{
    CHECK_INT(pthread_mutex_lock(&table.lock), 0);
    trackside_exchange *other = table.exchange;
    table.exchange = exchange;
    CHECK_INT(pthread_mutex_unlock(&table.lock), 0);
    return other;
}

static void *write_books(void *argument)
{
    job *job = argument;
    trackside_event event = TRACKSIDE_EVENT_INIT;
    event.name = trackside_text("from a thread");
    meet();
    for (unsigned n = 0; n < ROUNDS; n++) {
        char target[40];
        snprintf(target, sizeof target, "%s/%u/%u", n % 5 == 4 ? "/admin" : "", job->number, n);
        trackside_exchange *exchange = begin_page(job->tracker, target);
        trackside_visitor *visitor = NULL;
        OK(trackside_exchange_visitor, exchange, &visitor);
        OK(trackside_exchange_set_title, exchange, trackside_text(target));
        /* Handles move between threads. */
        exchange = swap(exchange);
        if (exchange != NULL && n % 7 == 6) {
            trackside_exchange_free(exchange);
            job->abandoned++;
        } else if (exchange != NULL) {
            trackside_reason reason = finish_page(exchange);
            CHECK(reason == 0 || reason == TRACKSIDE_REASON_IGNORED);
            *(reason == 0 ? &job->tracked : &job->ignored) += 1;
        }
        OK(trackside_tracker_event, job->tracker, visitor, &event);
        trackside_visitor_free(visitor);
        job->events++;
    }
    counter_add(&writers, 1);
    return NULL;
}

static void *read_books(void *argument)
{
    job *job = argument;
    trackside_request request = page_request("/", BROWSER);
    trackside_response response = page_response();
    uint64_t seen = 0, delivered = 0;
    meet();
    do {
        book book = books_meanwhile(job->tracker);
        /* No number ever falls. */
        CHECK(book.requests.seen >= seen);
        CHECK(book.hits.delivered >= delivered);
        seen = book.requests.seen;
        delivered = book.hits.delivered;
        trackside_left left = TRACKSIDE_LEFT_INIT;
        OK(trackside_tracker_flush, job->tracker, job->number == THREADS ? LIMIT : 0, &left);
        size_t needed = 0;
        FAILS(TRACKSIDE_BUFFER, "", trackside_tracker_explain, job->tracker, &request, &response, UNSAID, NULL, 0, &needed);
    } while (counter_get(&writers) < THREADS);
    return NULL;
}

int main(void)
{
    watchdog();
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    sink.deliver = deliver;
    sink.free = let_go;
    trackside_tracker *tracker = open_sink(TOML, "mine", &sink);

    job jobs[THREADS + READERS];
    for (unsigned n = 0; n < THREADS + READERS; n++) {
        memset(&jobs[n], 0, sizeof jobs[n]);
        jobs[n].tracker = tracker;
        jobs[n].number = n;
        CHECK_INT(pthread_create(&jobs[n].thread, NULL, n < THREADS ? write_books : read_books, &jobs[n]), 0);
    }
    unsigned tracked = 0, ignored = 0, abandoned = 0, events = 0;
    for (unsigned n = 0; n < THREADS + READERS; n++) {
        CHECK_INT(pthread_join(jobs[n].thread, NULL), 0);
        tracked += jobs[n].tracked;
        ignored += jobs[n].ignored;
        abandoned += jobs[n].abandoned;
        events += jobs[n].events;
    }
    trackside_exchange *last = swap(NULL);
    CHECK(last != NULL);
    trackside_reason reason = finish_page(last);
    *(reason == 0 ? &tracked : &ignored) += 1;

    close_all(tracker);
    CHECK_INT(tracked + ignored + abandoned, THREADS * ROUNDS);
    CHECK_INT(events, THREADS * ROUNDS);
    book book = books_of(tracker);
    CHECK_INT(book.requests.seen, THREADS * ROUNDS);
    CHECK_INT(book.requests.tracked, tracked);
    CHECK_INT(skipped_for(tracker, TRACKSIDE_REASON_IGNORED), ignored);
    CHECK_INT(skipped_for(tracker, TRACKSIDE_REASON_ABANDONED), abandoned);
    CHECK_INT(book.hits.offered, tracked + events);
    CHECK_INT(book.hits.delivered, tracked + events);
    CHECK_INT(book.hits.queued + book.hits.in_flight + book.hits.spooled, 0);
    trackside_tracker_free(tracker);
    counter_wait(&freed, 1);
    CHECK_INT(pthread_mutex_lock(&taken.lock), 0);
    CHECK_INT(taken.pages, tracked);
    CHECK_INT(taken.events, events);
    CHECK_INT(pthread_mutex_unlock(&taken.lock), 0);
    CHECK_INT(counter_get(&freed), 1);
    return 0;
}
