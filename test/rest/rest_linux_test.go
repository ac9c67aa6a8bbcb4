package main

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"riposte.dev/test/stage"
)

// What riposte may hold at rest. The target is 80 MB (docs/adr/0022); how many pages of the program come with one that is needed is
// the kernel's choice, by what it has cached how, and so the test leaves room. What is riposte's own is not.
const (
	maxResident = 92 << 20
	maxOwn      = 50 << 20
)

// riposte gives back what only its start needed, and does not take it again by answering that it is well.
func TestMemoryAtRest(t *testing.T) {
	program := filepath.Join(t.TempDir(), "riposte")
	if err := build(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	s, err := newScene(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	var m memory
	atRest := func() (bool, error) {
		var err error
		m, err = memoryOf(s.process.Process.Pid)
		return m.resident < maxResident && m.own < maxOwn, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // it settles ten seconds after the start
	defer cancel()
	if err := stage.Wait(ctx, "riposte to settle", atRest); err != nil {
		t.Fatalf("%v; it holds %d MiB, %d of them its own", err, m.resident>>20, m.own>>20)
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/readyz"} {
		answer, err := http.Get(s.stage.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	if ok, err := atRest(); err != nil || !ok {
		t.Errorf("once it was asked how it is, it holds %d MiB, %d of them its own; error %v", m.resident>>20, m.own>>20, err)
	}
	if _, _, err := s.respond(t.Context()); err != nil { // what was given back comes back
		t.Error(err)
	}
}
