//go:build !linux

package inturns

import "time"

var started = time.Now()

// threadTime is the time on the wall where threads can't be asked.
func threadTime() time.Duration { return time.Since(started) }
