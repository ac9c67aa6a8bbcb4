package bus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests in this file run this test binary again, as a child that writes to a bus and tells on its standard output
// what was acknowledged. childDir names the child's data directory, childJob what it does.
const (
	childDir = "RIPOSTE_BUS_TEST_DIR"
	childJob = "RIPOSTE_BUS_TEST_JOB"
	// childLife makes the ids of a child its own when it goes on where another one was killed.
	childLife = "RIPOSTE_BUS_TEST_LIFE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir, os.Getenv(childJob)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(dir, job string) error {
	ctx := context.Background()
	b, err := Open(ctx, Options{Dir: dir, DiskReserve: -1})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	acknowledged := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println("acknowledged " + what) // one write, unbuffered
	}
	switch job {
	case "forever":
		return writeForever(ctx, b, acknowledged)
	case "once":
		return errors.Join(writeOnce(ctx, b, acknowledged), b.Close(ctx))
	default:
		return fmt.Errorf("unknown job %q", job)
	}
}

// writeForever writes by every way that promises durability, until it is killed.
func writeForever(ctx context.Context, b *Bus, acknowledged func(string)) error {
	if err := b.Schedule(ctx, "soon", time.Now().Add(time.Second), nil); err != nil {
		return err
	}
	if err := b.Enqueue(ctx, "q", "first", nil); err != nil {
		return err
	}
	errs := make(chan error)
	loop := func(kind string, write func(id string) error) {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%s-%d", kind, os.Getenv(childLife), i)
				if err := write(id); err != nil {
					errs <- err
					return
				}
				acknowledged(id)
			}
		}()
	}
	for i := range 4 {
		loop(fmt.Sprintf("event%d", i), func(id string) error {
			_, err := b.Publish(ctx, Events, event(id, id))
			return err
		})
	}
	for i := range 40 { // enough for atomic batches
		loop(fmt.Sprintf("journal%d", i), func(id string) error {
			_, err := b.Journal().Append(ctx, id, 0, []byte(id), []byte("second"))
			return err
		})
	}
	loop("work", func(id string) error { return b.Enqueue(ctx, "q", id, []byte(id)) })
	loop("timer", func(id string) error { return b.Schedule(ctx, id, time.Now().Add(time.Hour), nil) })
	loop("dead", func(id string) error { return b.DeadLetter(ctx, DeadLetter{ID: id, Source: "test"}) })
	return <-errs
}

// writeOnce does each durable write a few times, one after the other, so that a trace of system calls can be read.
func writeOnce(ctx context.Context, b *Bus, acknowledged func(string)) error {
	for i := range 5 {
		id := fmt.Sprintf("proof-event-%d-end", i)
		if _, err := b.Publish(ctx, Events, event("", id)); err != nil {
			return err
		}
		acknowledged(id)
	}
	for i := range 5 {
		id := fmt.Sprintf("proof-append-%d-end", i)
		if _, err := b.Journal().Append(ctx, id, 0, []byte(id)); err != nil {
			return err
		}
		acknowledged(id)
	}
	var round []appendCall
	for i := range 20 {
		id := fmt.Sprintf("proof-batch-%d-end", i)
		round = append(round, appendCall{id: id, frame: appendEvent(nil, event("", id))})
	}
	if _, err := b.journal.writer.commitBatch(ctx, round); err != nil {
		return err
	}
	for _, c := range round {
		acknowledged(c.id)
	}
	id := "proof-work-0-end"
	if err := b.Enqueue(ctx, "q", id, []byte(id)); err != nil {
		return err
	}
	acknowledged(id)
	return nil
}

// command makes the command line of a child, behind an optional program such as strace.
func command(t *testing.T, dir, job string, behind ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(behind, self)
	cmd := exec.CommandContext(within(t), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childDir+"="+dir, childJob+"="+job)
	return cmd
}

func TestNothingAcknowledgedIsLostByKill(t *testing.T) {
	dir := t.TempDir()
	want := map[string]bool{}
	for life := range 2 { // the second one starts on what the first one's death left
		cmd := command(t, dir, "forever", "env", fmt.Sprintf("%s=%d", childLife, life))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		before := len(want)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
				want[id] = true
			}
			if len(want) == before+2000 {
				if err := cmd.Process.Kill(); err != nil { // and read on what it had said before
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || len(want) < before+2000 {
			t.Fatalf("the child ended by itself after %d acknowledgements: %v", len(want)-before, err)
		}
	}
	checkAllStored(t, dir, want)
}

func checkAllStored(t *testing.T, dir string, want map[string]bool) {
	t.Helper()
	b := open(t, dir)
	defer shut(t, b)
	have := map[string]bool{}
	for _, data := range contents(t, b, Events) {
		have[data] = true
	}
	last, err := b.info(within(t), Executions)
	if err != nil {
		t.Fatal(err)
	}
	var end uint64
	err = b.Journal().Follow(within(t), 0, nil, func(id string, entries []Entry) error {
		if len(entries) != 2 || string(entries[0].Data) != id || string(entries[1].Data) != "second" {
			t.Errorf("append %s is torn: %q", id, records(entries))
		}
		have[id] = true
		end = entries[0].Seq
		if end == last.LastSeq {
			return errEnough
		}
		return nil
	})
	if err != nil || end != last.LastSeq {
		t.Fatalf("journal read up to %d of %d: %v", end, last.LastSeq, err)
	}
	letters, err := b.DeadLetters(within(t), "test", 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range letters {
		have[d.ID] = true
	}
	kinds := map[string]int{}
	for id := range want {
		kind := strings.TrimRight(id[:strings.IndexByte(id, '-')], "0123456789")
		kinds[kind]++
		if kind != "work" && kind != "timer" && !have[id] {
			t.Errorf("%s was acknowledged and is not there", id)
		}
	}
	for kind, s := range map[string]Stream{"work": Queue("q"), "timer": Timed} {
		if n := messages(t, b, s); n < kinds[kind] {
			t.Errorf("%d of %s were acknowledged, %d are there", kinds[kind], kind, n)
		}
	}
	if got := timerOne(t, b); got.ID != "soon" {
		t.Errorf("timer that is due: %+v", got)
	}
	t.Logf("acknowledged before the kill: %v", kinds)
}

// TestSyncPrecedesAcknowledgement reads the system calls of a child: between the write that carries a message and the
// line that tells that it was acknowledged, the file must have been synced. A kill can't show that: what a killed
// process has written survives in the page cache.
//
// Where tracing is not possible (no strace, no permission) what is left is that the server is configured to sync,
// which TestEmbeddedServerSyncsAndDoesNotListen asserts everywhere.
func TestSyncPrecedesAcknowledgement(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace")
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Logf("not traced: %v; install strace (make deps)", err)
		return
	}
	if out, err := exec.CommandContext(within(t), strace, "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Logf("not traced, strace does not work here: %v: %s", err, out)
		return
	}
	cmd := command(t, t.TempDir(), "once", strace, "-f", "-y", "-s", "1000000", "-o", trace,
		"-e", "trace=write,pwrite64,writev,fsync,fdatasync")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	acknowledged := strings.Count(out.String(), "acknowledged ")
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if proofs := checkTrace(t, f); proofs != acknowledged || proofs != 31 {
		t.Errorf("%d acknowledgements were checked, %d were given, want 31", proofs, acknowledged)
	}
}

// A line of the trace is "pid call(fd</path>, ...) = result", or its two halves when another thread's call came
// between: "pid call(fd</path>, ... <unfinished ...>" and "pid <... call resumed>...) = result".
var (
	traceCall    = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<([^>]*)>(.*)$`)
	traceResumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>`)
	proof        = regexp.MustCompile(`proof-[a-z]+-\d+-end`) // a byte after the id may be a digit
)

// checkTrace returns how many acknowledgements it found and reports each that came before its sync. Only the files of
// a stream's messages count, not those in which a batch is staged.
func checkTrace(t *testing.T, trace io.Reader) (proofs int) {
	t.Helper()
	unsynced := map[string]map[string]bool{} // message, files that hold it and were not synced since
	written := map[string]bool{}
	running := map[string]string{} // pid, file of the sync that has begun but not ended
	synced := func(file string) {
		for _, files := range unsynced {
			delete(files, file)
		}
	}
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		if m := traceResumed.FindStringSubmatch(line); m != nil {
			if strings.HasSuffix(m[2], "sync") && strings.HasSuffix(line, "= 0") {
				synced(running[m[1]])
			}
			continue
		}
		m := traceCall.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		pid, call, file, rest := m[1], m[2], m[3], m[4]
		switch {
		case strings.HasSuffix(call, "sync"):
			if strings.HasSuffix(rest, "= 0") {
				synced(file)
			} else {
				running[pid] = file
			}
		case strings.HasSuffix(file, ".blk") && !strings.Contains(file, "/batches/"):
			for _, id := range proof.FindAllString(rest, -1) {
				if unsynced[id] == nil {
					unsynced[id] = map[string]bool{}
				}
				unsynced[id][file] = true
				written[id] = true
			}
		case strings.Contains(rest, `"acknowledged `):
			id := proof.FindString(rest)
			proofs++
			if !written[id] || len(unsynced[id]) > 0 {
				t.Errorf("%s was acknowledged before it was synced: written %v, not synced %v", id, written[id], unsynced[id])
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return proofs
}

func TestCheckTraceFindsMissingSync(t *testing.T) {
	write := `7 pwrite64(9</d/1.blk>, "..proof-event-0-end5..", 50, 0) = 50`
	said := `7 write(1<pipe:[1]>, "acknowledged proof-event-0-end\n", 31) = 31`
	tests := []struct {
		name  string
		lines []string
		ok    bool
	}{
		{"synced", []string{write, `8 fsync(9</d/1.blk>) = 0`, said}, true},
		{"synced in two halves", []string{write, `8 fsync(9</d/1.blk> <unfinished ...>`, `8 <... fsync resumed>) = 0`, said}, true},
		{"never synced", []string{write, said}, false},
		{"synced before the write", []string{`8 fsync(9</d/1.blk>) = 0`, write, said}, false},
		{"sync not ended", []string{write, `8 fdatasync(9</d/1.blk> <unfinished ...>`, said}, false},
		{"another file synced", []string{write, `8 fsync(9</d/2.blk>) = 0`, said}, false},
		{"sync failed", []string{write, `8 fsync(9</d/1.blk>) = -1 EIO (Input/output error)`, said}, false},
		{"only staged", []string{strings.Replace(write, "/d/", "/d/batches/", 1), said}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			probe := &testing.T{}
			n := checkTrace(probe, strings.NewReader(strings.Join(tt.lines, "\n")))
			if n != 1 || probe.Failed() == tt.ok {
				t.Errorf("%d acknowledgements, reported: %v", n, probe.Failed())
			}
		})
	}
	if !slices.Equal(proof.FindAllString(write, -1), []string{"proof-event-0-end"}) {
		t.Error("the id is not found in a write")
	}
}
