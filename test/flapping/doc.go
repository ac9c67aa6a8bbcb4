// Package flapping holds the tests of riposte against somebody who fights back: who stops a trail again and again, who pretends
// to be riposte, and who uses its role. The AWS is the sandbox, riposte runs as `serve` runs it.
package flapping
