//go:build !linux

package app

// forgetProgram does nothing: only Linux counts the pages of a program's file as its memory.
func forgetProgram() error { return nil }
