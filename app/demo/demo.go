// Package demo plays riposte's first response on one machine: a look-alike of AWS, a mail catcher and the engine, all on
// loopback, and the walkthrough of a stopped trail from the first intruder's call to the undo.
//
// Start at [Run]. world.go builds the stage, story.go lists the scenes in their order, a file each; every scene ends with
// checks, and the demo succeeds only if all of them hold.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"riposte.dev/cli"
)

// limit bounds the whole story.
const limit = 2 * time.Minute

// Run plays the demo until the story ends or, without Exit, until ctx ends.
func Run(ctx context.Context, o cli.DemoOptions) (err error) {
	folder, err := os.MkdirTemp("", "riposte-demo-")
	if err != nil {
		return err
	}
	screen := &screen{out: o.Out}
	w, err := build(ctx, o, folder, screen)
	if w != nil {
		defer func() {
			err = errors.Join(err, w.close())
			if err == nil {
				err = os.RemoveAll(folder)
			}
		}()
	}
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	for number, scene := range story(o.Crash) {
		screen.heading("%d. %s", number+1, scene.title)
		if err := scene.play(bounded, w); err != nil {
			return fmt.Errorf("scene %d (%s): %w; what riposte kept is in %s", number+1, scene.title, err, folder)
		}
	}
	screen.heading("%d scenes, every check held, in %s.", len(story(o.Crash)), time.Since(began).Round(time.Millisecond))
	if o.Exit {
		return nil
	}
	w.invite()
	<-ctx.Done()
	return nil
}
