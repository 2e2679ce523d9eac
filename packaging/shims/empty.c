/* A library of nothing: what it needs answers under its name. */
typedef int nothing;
