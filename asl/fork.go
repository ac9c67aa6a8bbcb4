package asl

import (
	"encoding/json"
	"maps"
	"slices"
)

// Bounds on what runs side by side.
const (
	maxInline      = 40        // iterations of an inline Map, as Step Functions has it
	maxDistributed = 1000      // iterations of a distributed Map
	maxFrames      = 20_000    // branches of an execution; over it each state has one branch at a time
	MaxItems       = 64 << 20  // bytes of all items of a Map state, and of all its results
	maxItemsRecord = 512 << 10 // bytes of items in one record
)

// fork is what a Parallel or Map state knows of its branches in one round.
type fork struct {
	prefix   string // of their paths
	run      *MapRun
	inline   bool
	detailed bool              // results are told with the inputs
	items    []json.RawMessage // of a Map
	size     int               // bytes of items
	ready    bool              // items is whole

	branches map[int]*Frame // under way
	fallen   map[int]*Frame // ended badly, as they were: for a redrive
	begun    int            // the next index
	taken    int            // items that have an iteration
	total    int            // branches of a Parallel
	running  int
	results  []MapResult // by index
	bytes    int         // of results
	failed   int         // items whose iterations ended badly
	failure  *Frame      // the first of them
}

func newFork(s *State, run *MapRun, prefix string) *fork {
	if run == nil {
		run = &MapRun{}
	}
	k := &fork{prefix: prefix, run: run, inline: !s.distributed(), branches: map[int]*Frame{}, fallen: map[int]*Frame{}}
	if w := s.writer(); w != nil {
		k.detailed = w.Resource != "" || w.Transformation == "NONE"
	}
	if s.Type == Parallel {
		k.ready, k.total = true, len(s.Branches)
	}
	return k
}

// read takes items in.
func (k *fork) read(r Record) {
	for _, item := range r.Items {
		k.size += len(item)
	}
	k.items = append(k.items, r.Items...)
	k.ready = !r.More
}

// start takes in that a branch has begun.
func (k *fork) start(f *Frame, taken int) {
	k.branches[f.index] = f
	k.begun++
	if k.total == 0 {
		taken = min(taken, len(k.items)-k.taken)
	}
	f.first, f.taken = k.taken, taken
	k.taken += taken
	k.running++
	k.results = append(k.results, MapResult{})
}

// ended takes in that a branch has ended.
func (k *fork) ended(f *Frame, r Record) {
	k.running--
	result := MapResult{Name: f.Path, Status: r.Status, Error: r.Error, Cause: r.Cause, Began: f.began, Ended: r.Time}
	if k.detailed || r.Status != Succeeded {
		result.Input = f.given
	}
	delete(k.branches, f.index)
	if r.Status == Succeeded {
		result.Output = r.Output
	} else {
		k.fallen[f.index] = f
		f.failure = &failure{r.Error, r.Cause}
		k.failed += f.taken
		if k.failure == nil {
			k.failure = f
		}
	}
	if k.bytes += len(result.Input) + len(result.Output); k.bytes > k.room() {
		result.Input, result.Output = nil, nil
	}
	k.results[f.index] = result
}

// inOrder lists branches by index.
func inOrder(branches map[int]*Frame) []*Frame {
	list := make([]*Frame, 0, len(branches))
	for _, i := range slices.Sorted(maps.Keys(branches)) {
		list = append(list, branches[i])
	}
	return list
}

// room is how many bytes of results are kept: with more the state fails.
func (k *fork) room() int {
	if k.detailed {
		return MaxItems
	}
	return MaxData
}

// exhausted reports whether every branch has begun.
func (k *fork) exhausted() bool {
	if k.total > 0 {
		return k.begun == k.total
	}
	return k.taken == len(k.items)
}

// finished reports whether every branch has ended.
func (k *fork) finished() bool { return k.ready && k.running == 0 && k.exhausted() }

// broken reports whether more has failed than is tolerated.
func (k *fork) broken() bool {
	count, percentage := k.run.ToleratedCount, k.run.TolerablePercentage
	switch {
	case k.failed == 0:
		return false
	case count == nil && percentage == nil:
		return true
	case count != nil && k.failed > *count:
		return true
	default:
		return percentage != nil && float64(k.failed)*100 > *percentage*float64(len(k.items))
	}
}

// mayStart reports whether another branch may begin now.
func (k *fork) mayStart(x *Execution) bool {
	if !k.ready || k.exhausted() || k.broken() {
		return false
	}
	limit := k.run.Concurrency
	if k.total == 0 {
		most := maxDistributed
		if k.inline {
			most = maxInline
		}
		if limit == 0 || limit > most {
			limit = most
		}
	}
	if x.schedule.oneByOne || len(x.Frames) > maxFrames {
		limit = 1
	}
	return limit == 0 || k.running < limit
}
