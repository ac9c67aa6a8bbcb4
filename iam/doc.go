// Package iam writes the IAM policies that riposte needs: pure, from plain facts, the same bytes for the same facts.
//
// Start at [Setup], what is enabled. [Responder] and [Reader] turn it into [Need]s: actions, on which resources, and why.
// [Merge] makes the smallest policy that grants them, [Split] cuts one that is over IAM's limits, [Trust] says who may
// assume the role. What is known of each action (on which resources it can be allowed) is in facts.go and its files of each service.
package iam
