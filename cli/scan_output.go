package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"
)

// scanOutput writes detections as they come, or at the end where the format wants that.
type scanOutput struct {
	cmd    *cobra.Command
	format string
	report *scanReport
	lines  *json.Encoder
	all    []any
}

func newScanOutput(cmd *cobra.Command, format string) *scanOutput {
	o := &scanOutput{cmd: cmd, format: format, report: newScanReport(), lines: json.NewEncoder(cmd.OutOrStdout())}
	o.lines.SetEscapeHTML(false)
	return o
}

func (o *scanOutput) add(d Detection) error {
	o.report.add(d)
	d.response = nil
	return o.object(d)
}

// object writes or keeps something that only programs see.
func (o *scanOutput) object(v any) error {
	switch o.format {
	case "ndjson":
		return o.lines.Encode(v)
	case "json", "yaml":
		o.all = append(o.all, v)
	}
	return nil
}

func (o *scanOutput) print() error {
	switch o.format {
	case "table":
		o.report.print(plain{o.cmd.OutOrStdout()})
	case "json", "yaml":
		return printValue(o.cmd, some(o.all), nil)
	}
	return nil
}
