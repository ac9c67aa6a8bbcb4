package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func newExecutionsEvidence() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "evidence ID", Short: "Write everything about an execution into one archive",
		Long: `Writes a gzipped tar: a report to read, the event, the finding, the plans with every resource before and after, approvals,
every AWS call with its request id, who was told, the journal, the audit records with their hashes, and SHA-256 sums of all of it.
Secrets are taken out, as they are from notifications. The file must not exist; - is standard output.`,
		Example: `  riposte executions evidence 5f0c1d2e3b4a59687766
  riposte executions evidence 5f0c1d2e3b4a59687766 -f case-42.tar.gz
  riposte executions evidence 5f0c1d2e3b4a59687766 -f - | tar -xzO --wildcards '*/report.md'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			body, err := c.Open(cmd.Context(), http.MethodGet, "/api/v1/executions/"+url.PathEscape(args[0])+"/evidence", nil, nil)
			if err != nil {
				return err
			}
			defer body.Close()
			if file == "-" {
				_, err := io.Copy(cmd.OutOrStdout(), body)
				return err
			}
			written := struct {
				File   string `json:"file"`
				Bytes  int64  `json:"bytes"`
				SHA256 string `json:"sha256"`
			}{File: or(file, "evidence-"+url.PathEscape(args[0])+".tar.gz")}
			sum := sha256.New()
			err = createFile(written.File, func(f io.Writer) (err error) {
				written.Bytes, err = io.Copy(io.MultiWriter(f, sum), body)
				return err
			})
			if err != nil {
				return err
			}
			written.SHA256 = hex.EncodeToString(sum.Sum(nil))
			return printValue(cmd, written, func(w io.Writer) error {
				fmt.Fprintf(w, "%s: %d bytes, SHA-256 %s\n", written.File, written.Bytes, written.SHA256)
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "write to this file (default evidence-ID.tar.gz)")
	return cmd
}
