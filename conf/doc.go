// Package conf reads the files that people write (rules, playbooks, exceptions, configuration) in YAML or JSON, strictly,
// and points to what is wrong: every mistake of a file at once, each with file, line, column and what to write instead.
//
// Start at [Parse], which gives a [Document]; [Document.Decode] fills a Go value from it. Packages that read a language of
// their own out of a file (patterns, state machines) either walk the [Node] tree or take a [Raw] field, whose offsets
// lead back to the line in the file. [Problems] is the error that all of them report with, [Join] merges several.
//
// YAML is read as its JSON subset (YAML 1.2 core schema): no merge keys, no tags, no octal or hexadecimal numbers; yes,
// no, on and off are text. JSON is read exactly, so the spelling of numbers and strings survives.
package conf
