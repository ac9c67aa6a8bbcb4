// Package responses plays every bundled response from the outside: something happens in the sandbox AWS, or AWS tells of it, and
// the bundled rule and playbook answer, first in dry run and then for real.
package responses
