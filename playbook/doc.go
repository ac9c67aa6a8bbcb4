// Package playbook runs responses: state machines in Amazon States Language whose tasks are guarded, verified and
// reversible actions, durable across any crash.
//
// Start at [Runtime]: [Runtime.Start] begins one execution for a rule and a cause, exactly once; [Runtime.Resume] goes on
// with all of them after a restart; [Runtime.Undo] takes one back. What an execution has done is in its [Journal]; the
// [Index] is a projection of it for lists. What it needs from the rest of riposte it asks for through the small
// interfaces in types.go.
package playbook
