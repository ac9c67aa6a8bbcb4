//go:build unix

package asl

import (
	"syscall"
	"testing"
	"time"
)

// Ten times as many items cost about ten times as much, not a hundred times.
func TestMapIsLinear(t *testing.T) {
	cost := func(items int) time.Duration {
		m, input := distributed(t, items)
		best := time.Hour
		for range 3 {
			before := processorTime(t)
			run(t, m, input, env())
			best = min(best, processorTime(t)-before)
		}
		return best
	}
	few, many := cost(1000), cost(10_000)
	if many > 30*few {
		t.Errorf("1,000 items cost %v, 10,000 cost %v", few, many)
	}
}

// processorTime is what this process has used so far: what else the machine does doesn't count.
func processorTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano())
}
