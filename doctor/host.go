package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"riposte.dev/fault"
)

// Every event waits for a sync before it is acknowledged.
const (
	syncs    = 16
	slowSync = 20 * time.Millisecond
)

func (d *doctor) configuration(context.Context) []Result {
	if d.Validate == nil {
		return one(Result{Status: Unknown, Summary: "The configuration was not looked at.", Next: "riposte validate"})
	}
	if err := d.Validate(); err != nil {
		return one(Result{Status: Fail, Summary: "The configuration has mistakes.", Detail: err.Error(), Next: "riposte validate"})
	}
	return one(Result{Status: OK, Summary: "The configuration, rules and playbooks are valid."})
}

func (d *doctor) disk(context.Context) []Result {
	if _, err := os.Stat(d.DataDir); errors.Is(err, fs.ErrNotExist) {
		return one(Result{Status: Unknown, Summary: fmt.Sprintf("The data folder %s is not there yet: `riposte serve` makes it.", d.DataDir), Next: "riposte serve"})
	}
	var n notes
	if free, err := freeSpace(d.DataDir); err != nil {
		n.failed(err)
	} else if free < d.Reserve {
		n.add(Fail, "df -h "+d.DataDir, "%d MiB are free, %d MiB are to stay free: no event is taken.", free>>20, d.Reserve>>20)
	} else if free < 2*d.Reserve {
		n.add(Warn, "df -h "+d.DataDir, "%d MiB are free, close to the reserve of %d MiB.", free>>20, d.Reserve>>20)
	}
	took, err := d.syncTime()
	if err != nil {
		n.add(Fail, "ls -ld "+d.DataDir, "The data folder cannot be written: %v.", err)
	} else if took > slowSync {
		n.add(Warn, "put the data folder on a faster disk", "A sync takes %s; above %s many events at once wait.", took.Round(time.Microsecond), slowSync)
	}
	return one(n.result(fmt.Sprintf("There is room, and a sync takes %s.", took.Round(time.Microsecond)), "The disk is not as it should be."))
}

// syncTime returns the median time of a small write that is synced, in a file that is removed again.
func (d *doctor) syncTime() (time.Duration, error) {
	f, err := os.CreateTemp(d.DataDir, ".doctor-*")
	if err != nil {
		return 0, fmt.Errorf("make a file: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // a file that stays does no harm
	defer f.Close()
	block := make([]byte, 4096)
	times := make([]time.Duration, syncs)
	for i := range times {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, fmt.Errorf("write: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("sync: %w", err)
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[syncs/2], nil
}

// folder looks who else can read what riposte keeps: keys, and events that carry secrets.
func (d *doctor) folder(context.Context) []Result {
	var n notes
	for _, path := range []string{d.DataDir, filepath.Join(d.DataDir, "master.key"), filepath.Join(d.DataDir, "api.json")} {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			n.failed(fault.New(fault.Unavailable, "%w", err))
		case info.Mode().Perm()&0o077 != 0:
			n.add(Warn, "chmod -R go-rwx "+d.DataDir, "%s can be read by others (%s).", path, info.Mode().Perm())
		}
	}
	return one(n.result("Nobody else on this host can read the data folder.", "Others on this host can read what riposte keeps."))
}

func (d *doctor) port(ctx context.Context) []Result {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", d.Listen)
	switch {
	case err == nil:
		l.Close()
		return one(Result{Status: OK, Summary: d.Listen + " is free."})
	case d.Running != nil && d.Running(ctx):
		return one(Result{Status: OK, Summary: "riposte listens on " + d.Listen + "."})
	}
	return one(Result{Status: Fail, Summary: "riposte cannot listen on " + d.Listen + ".", Detail: err.Error(), Next: "ss -ltnp"})
}
