// Package guard decides what riposte may do. It is asked twice: [Guard.Admit] whether an event may start a response at
// all, and [Guard.Decide] whether a plan may be carried out, item by item.
//
// Start at [Guard]; [Options] says what it depends on. Each question is answered by a list of stages, one file each, in
// the order in which guard.go lists them. It fails closed: what cannot be evaluated means that nothing is done and that
// people are told why.
package guard
