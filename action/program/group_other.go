//go:build !unix

package program

import "os/exec"

// group leaves the program to itself: there are no process groups here.
func group(*exec.Cmd) {}

func kill(*exec.Cmd) {}
