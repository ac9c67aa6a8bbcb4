package cloudtrail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Prune removes the segments of every account and region that end before a time, and what a crash left half written before
// it: events can carry secrets, and should not be kept longer than they are of use. Whatever else is in the folder stays.
func (c Cache) Prune(before time.Time) error {
	var failed []error
	err := filepath.WalkDir(c.Dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another scan was faster
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if old, err := outdated(entry, before); err != nil || !old {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
		return nil
	})
	if err := errors.Join(append(failed, err)...); err != nil {
		return fmt.Errorf("removing old events from the cache: %w", err)
	}
	return nil
}

// outdated reports whether a file is a segment that ends before a time, or a part that was not written on since.
func outdated(entry fs.DirEntry, before time.Time) (bool, error) {
	if _, to, ok := parseSegment(entry.Name()); ok {
		return to.Before(before), nil
	}
	if !strings.HasSuffix(entry.Name(), partSuffix) {
		return false, nil
	}
	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.ModTime().Before(before), err
}
