package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
)

// AddressFile is the file in the data folder in which a running riposte says where its API listens and with which token
// the folder's owner is known. It is readable by the owner only.
const AddressFile = "api.json"

// Address is the content of AddressFile.
type Address struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	PID   int    `json:"pid"`
}

// Client talks to the riposte that runs on a data folder.
type Client struct {
	Address
	http http.Client
}

// connect finds riposte: where RIPOSTE_URL says, as the key RIPOSTE_KEY (ID:SECRET), or on the data folder as its owner.
func connect(cmd *cobra.Command) (*Client, error) {
	if at := os.Getenv("RIPOSTE_URL"); at != "" {
		return &Client{Address: Address{URL: strings.TrimSuffix(at, "/"), Token: os.Getenv("RIPOSTE_KEY")}}, nil
	}
	data, err := cmd.Flags().GetString("data")
	if err != nil {
		return nil, err
	}
	return Connect(data)
}

// Connect finds the riposte that runs on a data folder.
func Connect(data string) (*Client, error) {
	raw, err := os.ReadFile(filepath.Join(data, AddressFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Unavailable, "no riposte runs on %s", data).
			WithHint("start it with `riposte serve`, or name the folder of the one that runs with --data")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the address of the running riposte: %w", err)
	}
	c := &Client{}
	if err := json.Unmarshal(raw, &c.Address); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(data, AddressFile), err)
	}
	return c, nil
}

// Call sends a request and decodes the answer into out, which may be nil.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	body, err := c.Open(ctx, method, path, query, in)
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Timeout, "riposte did not answer within a minute").
			WithHint("what was asked may still be under way; see `riposte watch --since 5m`")
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return fmt.Errorf("reading riposte's answer: %w", err)
	}
	return nil
}

// Open sends a request and returns the body of a good answer.
func (c *Client) Open(ctx context.Context, method, path string, query url.Values, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "riposte does not answer at %s: %w", c.URL, err).
			WithHint("see whether process %d still runs; start riposte with `riposte serve`", c.PID)
	}
	if resp.StatusCode < 300 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var problem struct {
		Code    fault.Code `json:"code"`
		Message string     `json:"message"`
		Hint    string     `json:"hint"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&problem) != nil || problem.Message == "" {
		return nil, fault.New(fault.Internal, "riposte answered %s", resp.Status)
	}
	failure := fault.New(problem.Code, "%s", problem.Message)
	failure.Hint = problem.Hint
	return nil, failure
}

// showOne is what a command `get ID` does: it shows what riposte has under the path and the id.
func showOne[T any](path string, show func(io.Writer, T)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := connect(cmd)
		if err != nil {
			return err
		}
		var one T
		if err := c.Call(cmd.Context(), http.MethodGet, path+url.PathEscape(args[0]), nil, nil, &one); err != nil {
			return err
		}
		return printValue(cmd, one, func(w io.Writer) error {
			show(w, one)
			return nil
		})
	}
}
