// Package stage puts up what tests of the whole play on: an account in the sandbox AWS with trails, an intruder who may stop
// them, a mail catcher, and riposte's configuration for all that.
//
// [New] builds it; riposte itself is started by whoever uses the stage, in the same process (app.LoadConfig of
// [Stage.Config], app.Start with [Stage.Data]) or in another one that can be killed.
package stage
