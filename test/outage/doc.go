// Package outage breaks what riposte depends on, as it breaks in real accounts, and sees three things: /readyz says what is
// wrong and what to do about it while it lasts, nothing that was sent is lost or found twice, and neither the outage nor its
// end brings a storm of calls.
//
// world_test.go has the surroundings: the sandbox AWS with queues, rules and buckets. engine_test.go has riposte itself, in
// this process or in one of its own that can be killed. The rule in force raises one finding for each event, named after its
// id, so that findings can be compared with what was sent.
package outage
