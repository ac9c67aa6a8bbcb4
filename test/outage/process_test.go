package outage

import (
	"os"
	"testing"

	outside "riposte.dev/test/engine"
)

// atOnce is how many tests with an engine run at the same time.
const atOnce = 3

func TestMain(m *testing.M) { outside.Main(m, atOnce, nil) }

// process is an engine in a process of its own.
type process struct {
	*engine
	*outside.Process
}

// launch starts a process on an engine's folder and waits until it handles events.
func (e *engine) launch(t *testing.T) *process {
	t.Helper()
	if err := os.RemoveAll(e.addressFile()); err != nil { // a killed process leaves it
		t.Fatal(err)
	}
	p := &process{e, outside.Start(t, e.config, e.data)}
	eventually(t, "riposte is ready", func() bool { return e.state(t).Ready })
	return p
}
