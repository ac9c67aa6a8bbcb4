package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/notify"
)

// recordWithin bounds the writing of an audit record that no request waits for.
const recordWithin = 10 * time.Second

// recordConfiguration tells the audit record of a configuration that is about to be in force, or, with what is wrong with it,
// of one that was refused. why is who asked.
func (a *App) recordConfiguration(why string, next *inForce, refused error) error {
	type details struct {
		Why     string `json:"why"`
		Version string `json:"version"`
		File    string `json:"file,omitempty"`    // SHA-256 of the configuration file
		Content string `json:"content,omitempty"` // of rules, playbooks, threat lists, modes and the guard's policy
		Rules   string `json:"rules,omitempty"`
		Count   int    `json:"count,omitempty"` // of rules
		Mode    string `json:"mode,omitempty"`
	}
	d := details{Why: why, Version: a.opts.Version}
	e := audit.Entry{Kind: audit.Configuration, Actor: audit.Self}
	if refused != nil {
		e.Text = "A configuration was refused (" + why + "): " + notify.Redact(fault.Message(refused))
	} else {
		d.File, d.Content, d.Rules, d.Count, d.Mode = next.config.hash, next.fingerprint, next.rules.Hash(), next.rules.Len(), string(next.limit)
		e.Text = fmt.Sprintf("A configuration is in force (%s): %d rules, boldest mode %s.", why, d.Count, cmp.Or(d.Mode, "the rules' own"))
	}
	var err error
	if e.Data, err = json.Marshal(d); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.loops), recordWithin)
	defer cancel()
	if _, err := a.store.Audit.Append(ctx, e); err != nil {
		return fmt.Errorf("record a configuration: %w", err)
	}
	return nil
}
