package cloudtrail_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/source/cloudtrail"
)

func TestPrune(t *testing.T) {
	c := cloudtrail.Cache{Dir: filepath.Join(t.TempDir(), "scan-cache")}
	if err := c.Prune(noon); err != nil {
		t.Fatalf("without a cache: %v", err)
	}
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		for _, to := range []int{-60, 0, 60} {
			w, err := c.Write(account, region, at(to))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Finish(at(to - 60)); err != nil {
				t.Fatal(err)
			}
		}
	}
	folder, err := c.Folder(account, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	for name, written := range map[string]time.Time{"1.part": at(-1), "2.part": at(1), "notes.txt": at(-1)} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, written, written); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Prune(noon); err != nil {
		t.Fatal(err)
	}
	var left []string
	err = filepath.WalkDir(c.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			left = append(left, entry.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(left)
	kept := "20260301T110000Z-20260301T120000Z.ndjson.gz 20260301T120000Z-20260301T130000Z.ndjson.gz"
	want := strings.Fields(kept + " " + kept + " 2.part notes.txt")
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left are %q, want %q", left, want)
	}
}
