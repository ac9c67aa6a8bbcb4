package app

import (
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// fileWatch tells when a file that the configuration names may have changed. Folders are watched, not files: editors and
// deployments replace files, and a watch on the old one would hear nothing more.
type fileWatch struct {
	watcher *fsnotify.Watcher
	problem error
	changed chan struct{}
	names   chan []string // the latest set of names
}

func newFileWatch() *fileWatch {
	w := &fileWatch{changed: make(chan struct{}, 1), names: make(chan []string, 1)}
	if w.watcher, w.problem = fsnotify.NewWatcher(); w.problem == nil {
		go w.listen()
	}
	return w
}

// files watches what the configuration names and returns the channel that tells of changes.
func (w *fileWatch) files(c Config) <-chan struct{} {
	if w.watcher == nil {
		return nil
	}
	names := contentPaths(c)
	select {
	case <-w.names:
	default:
	}
	w.names <- names
	folders := map[string]bool{}
	for _, name := range names {
		folders[filepath.Dir(name)] = true
		_ = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error { // what is missing now is seen when its folder changes
			if err == nil && d.IsDir() {
				folders[path] = true
			}
			return nil
		})
	}
	for folder := range folders {
		if err := w.watcher.Add(folder); err != nil {
			w.problem = err
		}
	}
	for _, folder := range w.watcher.WatchList() {
		if !folders[folder] {
			_ = w.watcher.Remove(folder) // it may be gone, and its watch with it
		}
	}
	return w.changed
}

// contentPaths are the configuration file and what it names, as clean paths.
func contentPaths(c Config) []string {
	var names []string
	if c.file != "" {
		names = append(names, c.file)
	}
	for _, path := range append(append([]string{}, c.Rules.Paths...), c.Rules.Playbooks...) {
		names = append(names, c.path(path))
	}
	for _, list := range c.ThreatLists {
		names = append(names, c.path(list.Path))
	}
	for i, name := range names {
		names[i] = filepath.Clean(name)
	}
	return names
}

func (w *fileWatch) listen() {
	var names []string
	for {
		select {
		case names = <-w.names:
		case event, open := <-w.watcher.Events:
			if !open {
				return
			}
			select {
			case names = <-w.names:
			default:
			}
			if concerns(names, event.Name) && event.Op != fsnotify.Chmod {
				w.tell()
			}
		case _, open := <-w.watcher.Errors:
			if !open {
				return
			}
			w.tell() // events may have been lost: look
		}
	}
}

func (w *fileWatch) tell() {
	select {
	case w.changed <- struct{}{}:
	default: // it will be looked anyway
	}
}

// concerns reports whether an event of a watched folder is about one of the names. A folder of a Kubernetes volume changes
// all its files by a link named ..data.
func concerns(names []string, path string) bool {
	path = filepath.Clean(path)
	if strings.HasPrefix(filepath.Base(path), "..data") {
		return true
	}
	for _, name := range names {
		if path == name || strings.HasPrefix(path, name+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

func (w *fileWatch) close() {
	if w.watcher != nil {
		_ = w.watcher.Close() // nobody watches any more
	}
}
