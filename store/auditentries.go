package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"riposte.dev/audit"
	"riposte.dev/guard"
)

// What people changed, as the audit record tells it.

func exceptionAdded(x guard.Exception, by string) audit.Entry {
	return audit.Entry{Time: x.Created, Kind: audit.Exception, Actor: by, Rule: x.Rule, Action: x.Action, Account: x.Account, Resource: x.Resource,
		Text: fmt.Sprintf("Exception %s was added, to expire at %s: %s", x.ID, x.Expires.Format(time.RFC3339), x.Reason),
		Data: details(struct {
			ID      string    `json:"id"`
			Owner   string    `json:"owner"`
			Reason  string    `json:"reason"`
			Ticket  string    `json:"ticket"`
			Expires time.Time `json:"expires"`
		}{x.ID, x.Owner, x.Reason, x.Ticket, x.Expires})}
}

func exceptionRemoved(id, by string, at time.Time) audit.Entry {
	return audit.Entry{Time: at, Kind: audit.Exception, Actor: by, Text: fmt.Sprintf("Exception %s was removed.", id), Data: withID(id)}
}

func paused(p guard.Pause) audit.Entry {
	return audit.Entry{Time: p.Since, Kind: audit.Pause, Actor: p.By, Rule: p.Rule, Action: p.Action, Account: p.Account, Region: p.Region, Resource: p.Resource,
		Text: fmt.Sprintf("%s began (%s): %s", p.ID, p.Scope(), p.Reason), Data: withID(p.ID)}
}

func resumed(id, by string, at time.Time) audit.Entry {
	return audit.Entry{Time: at, Kind: audit.Pause, Actor: by, Text: id + " was ended.", Data: withID(id)}
}

func keyCreated(k Key) audit.Entry {
	return audit.Entry{Time: k.Created, Kind: audit.Key, Actor: k.CreatedBy, Account: k.Account,
		Text: fmt.Sprintf("Access key %s was made with the roles %s.", keyName(k.ID, k.Name), strings.Join(k.Roles, ", ")),
		Data: details(struct {
			ID           string   `json:"id"`
			Name         string   `json:"name"`
			Roles        []string `json:"roles"`
			SpeaksForAWS bool     `json:"speaks_for_aws"`
			Description  string   `json:"description"`
		}{k.ID, k.Name, k.Roles, k.SpeaksForAWS, k.Description})}
}

func keyRevoked(id, name, by string, at time.Time) audit.Entry {
	return audit.Entry{Time: at, Kind: audit.Key, Actor: by, Text: fmt.Sprintf("Access key %s was revoked.", keyName(id, name)), Data: withID(id)}
}

func keyName(id, name string) string {
	if name == id {
		return id
	}
	return id + " (" + name + ")"
}

func withID(id string) json.RawMessage {
	return details(struct {
		ID string `json:"id"`
	}{id})
}

// details encodes values of which none can fail to be encoded.
func details(v any) json.RawMessage {
	raw, _ := json.Marshal(v)
	return raw
}
