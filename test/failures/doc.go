// Package failures lets real actions fail in the ways in which AWS does, through the playbook runtime and the guard: every
// execution ends in a state that has a name, and says what to do next.
package failures
