/* A tracker that is used across forks: by children that act before their parent closes and after, that are made
   after that, by their own children, and however they end. The sink writes the id of every hit into one file: at
   the end none is doubled and none is missing. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

enum { FORKS = OF_FORKS(60, 20), LATE = OF_FORKS(12, 6), EACH = 3, PARENTS = 400, LINE = 128 };

/* A child's own child is so much more than its parent. */
enum { GRANDCHILD = 1000 };

static const char TOML[] =
    "consent.policy = 'none'\nshutdown = '120s'\n"
    "[[destination]]\ntype = 'callback'\nname = 'mine'\nbatch.hits = 5\nbatch.age = '2ms'\n";

/* Where all processes append what their sinks were given. */
static int file = -1;

/* Nothing is ever written here; its end tells the children that their parent has closed. */
static int closes[2];

static counter freed = COUNTER_INIT, submitted = COUNTER_INIT;

/* One line a hit, in one write: path, the hit's id, the visitor's. */
static trackside_outcome deliver(void *userdata, trackside_batch *batch)
{
    (void)userdata;
    for (size_t n = 0; n < trackside_batch_count(batch); n++) {
        const trackside_hit *hit = NULL;
        char line[LINE];
        OK(trackside_batch_hit, batch, n, &hit);
        trackside_bytes path = hit_text(hit, TRACKSIDE_FIELD_PATH);
        trackside_bytes id = hit_text(hit, TRACKSIDE_FIELD_ID);
        trackside_bytes visitor = hit_text(hit, TRACKSIDE_FIELD_VISITOR);
        int length = snprintf(line, sizeof line, "%.*s %.*s %.*s\n", (int)path.length, path.data, (int)id.length,
            id.data, (int)visitor.length, visitor.data);
        CHECK(length > 0 && length < LINE);
        CHECK_INT(write(file, line, (size_t)length), length);
    }
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void let_go(void *userdata)
{
    (void)userdata;
    counter_add(&freed, 1);
}

/* The `n`th page of this process. */
static void page(const trackside_tracker *tracker, unsigned who, unsigned n)
{
    char target[40];
    snprintf(target, sizeof target, "/%u/%u", who, n);
    CHECK_INT(visit(tracker, target), 0);
}

static void pages(const trackside_tracker *tracker, unsigned who)
{
    for (unsigned n = 0; n < EACH; n++) {
        page(tracker, who, n);
    }
}

/* What a child does with what it inherits; it ends in its own way. */
static void live(trackside_tracker *tracker, unsigned who, bool waits, trackside_exchange *inherited)
{
    watchdog();
    CHECK_INT(close(closes[1]), 0);
    book blank = books_of(tracker);
    CHECK_INT(blank.hits.offered + blank.requests.seen, 0);
    if (waits) {
        char none;
        CHECK_INT(read(closes[0], &none, 1), 0);
    }
    pages(tracker, who);
    /* It is the parent's, which counts it. */
    if (inherited != NULL && who % 3 == 0) {
        CHECK_INT(finish_page(inherited), TRACKSIDE_REASON_ABANDONED);
    } else {
        trackside_exchange_free(inherited);
    }
    CHECK_INT(books_meanwhile(tracker).requests.seen, EACH);
    switch (who % 5) {
    case 0:
        /* The handler of exit delivers. */
        exit(0);
    case 1:
        close_all(tracker);
        CHECK_INT(books_of(tracker).hits.delivered, EACH);
        _exit(0);
    case 2:
        if (who <= FORKS) {
            /* It may have inherited an exchange of the sender's, too, which it cannot end. */
            close_all(tracker);
            trackside_tracker_free(tracker);
        } else {
            /* The memory is the child's own, and so is what the sink frees. */
            trackside_tracker_free(tracker);
            counter_wait(&freed, 1);
            CHECK_INT(counter_get(&freed), 1);
        }
        _exit(0);
    case 3:
        OK(trackside_tracker_flush, tracker, LIMIT, NULL);
        exit(0);
    default: {
        /* While a worker of the child's may be at work. */
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            watchdog();
            CHECK_INT(books_of(tracker).hits.offered, 0);
            pages(tracker, who + GRANDCHILD);
            exit(0);
        }
        ended_well(child);
        exit(0);
    }
    }
}

/* Goes on sending while the others fork. */
static void *send(void *argument)
{
    for (unsigned n = 0; n < PARENTS; n++) {
        page(argument, 0, n);
        counter_add(&submitted, 1);
    }
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(strchr(a, ' '), strchr(b, ' '));
}

static int by_visitor(const void *a, const void *b)
{
    return strcmp(strrchr(a, ' '), strrchr(b, ' '));
}

typedef char line[LINE];

static size_t distinct(line *lines, size_t count, int (*compare)(const void *, const void *))
{
    qsort(lines, count, sizeof lines[0], compare);
    size_t distinct = count > 0;
    for (size_t n = 1; n < count; n++) {
        distinct += compare(lines[n - 1], lines[n]) != 0;
    }
    return distinct;
}

static void expect(line *expected, size_t *count, unsigned who, unsigned each)
{
    for (unsigned n = 0; n < each; n++) {
        snprintf(expected[(*count)++], LINE, "/%u/%u", who, n);
    }
}

/* Holds what arrived against what was sent. */
static void nothing_is_doubled_and_nothing_missing(const char *path)
{
    enum { MOST = PARENTS + (FORKS + LATE) * 2 * EACH + 2 };
    line *expected = calloc(MOST, LINE), *found = calloc(MOST + 1, LINE);
    CHECK(expected != NULL && found != NULL);
    size_t sent = 0, arrived = 0;
    expect(expected, &sent, 0, PARENTS);
    snprintf(expected[sent++], LINE, "/inherited");
    for (unsigned who = 1; who <= FORKS + LATE; who++) {
        expect(expected, &sent, who, EACH);
        if (who % 5 == 4) {
            expect(expected, &sent, who + GRANDCHILD, EACH);
        }
    }
    FILE *lines = fopen(path, "r");
    CHECK(lines != NULL);
    while (arrived <= MOST && fgets(found[arrived], LINE, lines) != NULL) {
        arrived++;
    }
    CHECK_INT(fclose(lines), 0);
    CHECK_INT(arrived, sent);
    CHECK_INT(distinct(found, arrived, by_id), sent);
    CHECK_INT(distinct(found, arrived, by_visitor), sent);
    for (size_t n = 0; n < arrived; n++) {
        *strchr(found[n], ' ') = 0;
    }
    qsort(found, arrived, sizeof found[0], by_text);
    qsort(expected, sent, sizeof expected[0], by_text);
    for (size_t n = 0; n < sent; n++) {
        CHECK_STRING(found[n], expected[n]);
    }
    free(expected);
    free(found);
}

int main(void)
{
    watchdog();
    char path[] = "/tmp/trackside-c-XXXXXX";
    file = open_for_all(path);
    CHECK_INT(pipe(closes), 0);

    trackside_sink sink = TRACKSIDE_SINK_INIT;
    sink.deliver = deliver;
    sink.free = let_go;
    trackside_tracker *tracker = open_sink(TOML, "mine", &sink);
    trackside_exchange *inherited = begin_page(tracker, "/inherited");

    pthread_t sender;
    pid_t children[FORKS + LATE];
    CHECK_INT(pthread_create(&sender, NULL, send, tracker), 0);
    for (unsigned n = 0; n < FORKS; n++) {
        /* The forks are spread over what the parent sends. */
        counter_wait(&submitted, PARENTS / FORKS * n);
        children[n] = fork();
        CHECK(children[n] >= 0);
        if (children[n] == 0) {
            live(tracker, n + 1, n % 2 == 1, inherited);
        }
    }
    CHECK_INT(pthread_join(sender, NULL), 0);
    CHECK_INT(finish_page(inherited), 0);
    close_all(tracker);
    CHECK_INT(close(closes[1]), 0);
    CHECK_INT(pipe(closes), 0);
    for (unsigned n = FORKS; n < FORKS + LATE; n++) {
        children[n] = fork();
        CHECK(children[n] >= 0);
        if (children[n] == 0) {
            live(tracker, n + 1, false, NULL);
        }
    }
    for (unsigned n = 0; n < FORKS + LATE; n++) {
        ended_well(children[n]);
    }

    /* The parent has noticed nothing. */
    book book = books_of(tracker);
    CHECK_INT(book.requests.tracked, PARENTS + 1);
    CHECK_INT(book.hits.delivered, PARENTS + 1);
    CHECK_INT(counter_get(&freed), 0);
    trackside_tracker_free(tracker);
    counter_wait(&freed, 1);
    CHECK_INT(counter_get(&freed), 1);
    nothing_is_doubled_and_nothing_missing(path);
    CHECK_INT(unlink(path), 0);
    return 0;
}
