// Package pattern is the event pattern language of Amazon EventBridge: it parses patterns, says what is wrong with
// them, and tells which of many patterns an event matches.
//
// Start at [Parse] for one pattern and at [Matcher] for many. The language is EventBridge's, as its open source engine
// (github.com/aws/event-ruler) implements it; docs/reference/patterns.md specifies every rule with its corners, and
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html is AWS's own description.
//
// # How a pattern is compiled
//
// tree.go reads the JSON text with positions, compile.go and expression.go turn it into statements in the order of the
// text, and resolve.go settles which of several statements about one field is in force.
//
// # How a match runs
//
// The event is read once (reader.go) and the values of the fields that some pattern names are kept (facts.go). Names and
// brackets, half of every event, recur from event to event. The reader remembers the stretches of text between values
// (stretch.go) and which followed which (memory.go), in general and in events of the same name; one that it foresees is taken by
// comparing a few words. Every now and then it looks closely at an event for values that are always the same; these and the
// stretches around them become a run (run.go), which one comparison takes. What it does not foresee is read byte by byte and
// learnt (walk.go), with a dictionary that finds names by their first bytes (names.go). Strings are searched sixteen bytes at a
// time for quotes, backslashes and control characters (text.go). Every byte is still checked: what is compared was checked when
// it was learnt, at the same stand, that is with the same containers around it (stand.go).
//
// Then the rules are decided (match.go). Each pattern is written out as clauses, one per combination of $or branches as long
// as these are few (clause.go). Clauses are kept by the source that they ask for, those without one apart (partition.go,
// rules.go). In a partition most clauses are found directly: by a text, begin, end, address block or piece of a wildcard that
// they ask for and few others do (lookup.go, affix.go, grams.go, with tables of our own, texttable.go). For the rest each
// field has a column, which turns the event's value into the set of clauses that it satisfies (column.go); the sets of all
// fields are intersected, and what is left over holds. If the event has arrays of objects, the patterns that may match are
// decided once more with regard to elements (evaluate.go, consistent.go).
//
// A trusted event is watched while it is read (trusted.go): once every clause is refuted by the fields known so far, or needs
// no others, reading stops. A clause may wait for a field that the event does not have; so, once the event's name is known, the
// keys that are waited for are looked for in the rest of the text (hunt.go). A key that is nowhere there can't come, as long as
// nothing there is escaped.
//
// There are two copies of the rules (sides.go). Matches read one while a change is made to the other, so that nobody waits.
//
// # Worst cases
//
// Nothing is multiplied out and no automaton is built, so memory and building are linear in the text of the patterns: at
// most 32 clauses are written out for a pattern, and what goes beyond is decided branch by branch. An event costs its length,
// plus, for each source that it names, its values of fields that patterns name, plus each clause that is found: the
// conditions of that clause for each value. A trusted event costs at most some forty looks at values and clauses and five
// searches of its text beyond that. Wildcards whose pieces are all shorter than three bytes, ranges of numbers and
// comparisons without regard to case are tried one by one when nothing else refutes their patterns; a wildcard reads the
// value once. Conditions that are spread over many arrays at once have a bound of their own, [ErrTooComplex]. A reader keeps
// at most some 500 KB of what it has learnt, and there are as many readers as matches at one time.
package pattern
