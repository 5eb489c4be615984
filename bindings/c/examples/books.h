/* The ledger of this process, for people. */

#ifndef BOOKS_H
#define BOOKS_H

#include <trackside.h>

/* Prints both books and what `close` left, a line each, behind the number of this process. */
void books_print(const trackside_tracker *tracker, const trackside_left *left);

#endif
