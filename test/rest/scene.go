package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"riposte.dev/test/stage"
)

// build builds riposte as it is shipped.
func build(ctx context.Context, file string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", file, "riposte.dev/cmd/riposte")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build riposte: %w\n%s", err, out)
	}
	return nil
}

// scene is a riposte that is ready, and the AWS around it with one trail.
type scene struct {
	stage   *stage.Stage
	folder  string
	events  chan []byte // what EventBridge would deliver
	process *exec.Cmd
	said    *os.File
	ready   time.Duration // from its start
}

func newScene(ctx context.Context, program string) (_ *scene, err error) {
	s := &scene{events: make(chan []byte, 1<<10)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.folder, err = os.MkdirTemp("", "riposte-rest-"); err != nil {
		return nil, err
	}
	if s.stage, err = stage.New(ctx, stage.Options{Folder: s.folder, OnEvent: func(e []byte) { s.events <- e }}); err != nil {
		return nil, err
	}
	if err := errors.Join(s.stage.CreateBucket(ctx), s.stage.CreateTrail(ctx, stage.Region, trail)); err != nil {
		return nil, err
	}
	for len(s.events) > 0 {
		<-s.events
	}
	if s.said, err = os.CreateTemp(s.folder, "said-"); err != nil {
		return nil, err
	}
	s.process = exec.CommandContext(context.WithoutCancel(ctx), program, "serve", "--config", s.stage.Config, "--data", s.stage.Data)
	s.process.Stderr = s.said
	began := time.Now()
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.stage.Ready(wait); err != nil {
		said, _ := os.ReadFile(s.said.Name())
		return nil, fmt.Errorf("%w; it said:\n%s", err, said)
	}
	s.ready = time.Since(began)
	return s, nil
}

func (s *scene) close() error {
	var errs []error
	if s.process != nil && s.process.Process != nil {
		errs = append(errs, s.process.Process.Signal(syscall.SIGTERM), s.process.Wait())
	}
	if s.stage != nil {
		errs = append(errs, s.stage.Close())
	}
	if s.said != nil {
		errs = append(errs, s.said.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.folder))...)
}

// memory is in bytes.
type memory struct{ resident, own, program, peak int64 }

// memoryOf reads what Linux says of a process.
func memoryOf(pid int) (m memory, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, err
	}
	for name, into := range map[string]*int64{"VmRSS:": &m.resident, "RssAnon:": &m.own, "RssFile:": &m.program, "VmHWM:": &m.peak} {
		_, rest, _ := strings.Cut(string(text), "\n"+name)
		line, _, _ := strings.Cut(rest, "\n")
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
		if err != nil {
			return m, fmt.Errorf("%s of process %d: %w", name, pid, err)
		}
		*into = kib << 10
	}
	return m, nil
}
