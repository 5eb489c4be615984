/* What the server shows. */

#ifndef PAGES_H
#define PAGES_H

static const struct page {
    const char *path, *title, *text;
} PAGES[] = {
    { "/", "Walks", "<p><a href='/railway'>Along the old railway</a></p>" },
    { "/railway", "Along the old railway", "<form method=post action=/order><button>Order the map</button></form>" },
    { "/thanks", "Thank you", "<p>The map is on its way.</p>" },
    { "/admin/", "Admin", "<p>Nobody counts this page.</p>" },
};
static const struct page MISSING = { "", "Not found", "<p>There is no such page.</p>" };
static const struct page ORDERED = { "", "Ordered", "<p><a href='/thanks'>Thank you</a></p>" };

#endif
