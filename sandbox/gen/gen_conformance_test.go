//go:build conformance

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestConformanceModelsAreCurrent: the committed models are what the generator makes of
// Debian's botocore and the list.
func TestConformanceModelsAreCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := run("/usr/lib/python3/dist-packages/botocore/data", "../wire/operations.txt", dir); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the generator wrote %d files, %v", len(files), err)
	}
	for _, f := range files {
		fresh, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(filepath.Join("..", "wire", "models", filepath.Base(f)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fresh, committed) {
			t.Errorf("%s is out of date: run go generate ./sandbox/wire", filepath.Base(f))
		}
	}
}
