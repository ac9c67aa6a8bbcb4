// Package inturns measures ways of reading the same events beside each other on one thread, in turns of a few hundred
// microseconds, so that the ratios of one run stand although the machine is not quiet.
package inturns

import (
	"runtime"
	"slices"
	"time"
)

// turn is how many events a way reads before the next one has its turn.
const turn = 250

// Measure lets each way read the events, again and again until enough says so after a pass, and returns how long each takes for
// one event: the mean of the quicker half of its turns, in the thread's processor time where the system tells it, so that
// what other programs take does not count.
func Measure(events [][]byte, enough func() bool, ways ...func(event []byte)) []time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	times := make([][]float64, len(ways))
	for round := 0; round == 0 || !enough(); round++ {
		for part := range slices.Chunk(events, turn) {
			for i := range ways {
				way := (i + round) % len(ways) // who comes later finds the events in the processor's cache
				start := threadTime()
				for _, event := range part {
					ways[way](event)
				}
				times[way] = append(times[way], float64(threadTime()-start)/float64(len(part)))
			}
		}
	}
	took := make([]time.Duration, len(ways))
	for way := range took {
		took[way] = max(time.Duration(quickerHalf(times[way])), 1)
	}
	return took
}

func quickerHalf(times []float64) float64 {
	slices.Sort(times)
	half := times[:(len(times)+1)/2]
	sum := 0.0
	for _, t := range half {
		sum += t
	}
	return sum / float64(len(half))
}
