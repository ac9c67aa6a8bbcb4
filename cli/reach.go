package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/store"
)

// reach is for what must work when nothing else does: it hands over the running riposte, which has just answered at the path,
// or, where none answers, the database on the data folder, and says so. One of them is set.
func reach(cmd *cobra.Command, path string, do func(context.Context, *Client, *store.Store) error) error {
	data, err := cmd.Flags().GetString("data")
	if err != nil {
		return err
	}
	c, err := connect(cmd)
	if err == nil {
		if err = c.Call(cmd.Context(), http.MethodGet, path, url.Values{"limit": {"1"}}, nil, nil); err == nil {
			return do(cmd.Context(), c, nil)
		}
	}
	file := filepath.Join(data, "riposte.db")
	if _, statErr := os.Stat(file); !fault.Retryable(err) || os.Getenv("RIPOSTE_URL") != "" || errors.Is(statErr, fs.ErrNotExist) {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "riposte does not answer (%s); its database is used\n", fault.Message(err))
	s, err := store.Open(cmd.Context(), store.Options{Path: file})
	if err != nil {
		return err
	}
	return errors.Join(do(cmd.Context(), nil, s), s.Close())
}
