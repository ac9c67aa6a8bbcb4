package jsonata

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// What one evaluation may take. Exceeding it is an *Error.
const (
	MaxTime   = time.Second
	MaxResult = 1 << 20   // bytes of a result
	maxNested = 5_000     // evaluations within evaluations, as JSONata counts them
	maxCalls  = 2_000     // calls within calls, as the engine counts them
	maxItems  = 1_000_000 // of a sequence
	maxUnits  = 64 << 20  // of data that built-in functions make: a character counts 1, an item of an array 16
)

// pool holds VMs that are not in use, and bounds how many are: more than processors would only make each of them slower.
type pool struct {
	slots chan struct{}
	free  chan *vm
}

var vms = sync.OnceValue(func() *pool {
	regexp2.DefaultMatchTimeout = MaxTime // only this package's engine uses regexp2
	n := runtime.GOMAXPROCS(0)
	return &pool{slots: make(chan struct{}, n), free: make(chan *vm, n)}
})

// withVM runs f in a VM that nobody else uses.
func withVM(ctx context.Context, f func(*vm) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p := vms()
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-p.slots }()
	var v *vm
	select {
	case v = <-p.free:
	default:
		var err error
		if v, err = newVM(); err != nil {
			return err
		}
	}
	reusable, err := v.bounded(ctx, f)
	if reusable {
		p.free <- v
	}
	return err
}

// known keeps what was compiled: the same definitions are parsed for every execution.
var known = cache{programs: map[string]*Program{}}

type cache struct {
	mu       sync.Mutex
	programs map[string]*Program
	size     int // bytes of the expressions
}

// maxKnown bounds the bytes of the expressions that the cache keeps.
const maxKnown = 4 << 20

func (c *cache) get(text string) *Program {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.programs[text]
}

func (c *cache) put(text string, p *Program) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size += len(text) + 256; c.size > maxKnown {
		clear(c.programs)
		c.size = len(text) + 256
	}
	c.programs[text] = p
}
