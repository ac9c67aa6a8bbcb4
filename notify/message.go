package notify

import "time"

// Message is what people are told, ready for any channel to lay out. Texts are plain, one language, already redacted.
type Message struct {
	ID        string    `json:"id"` // stable over retries; the mail's Message-ID, the webhook's id
	Time      time.Time `json:"time"`
	Severity  string    `json:"severity"` // ASFF label: INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL
	Subject   string    `json:"subject"`  // under 100 characters
	Summary   string    `json:"summary"`  // what happened and what was done, one or two sentences
	Sections  []Section `json:"sections"`
	Next      []string  `json:"next"` // commands to type next, such as the undo
	Rule      string    `json:"rule,omitempty"`
	Execution string    `json:"execution,omitempty"`
	Finding   string    `json:"finding,omitempty"`
	To        []string  `json:"to,omitempty"` // mail addresses beside the route's own, such as a resource's owner
}

// Section is a titled group of facts, such as "Who" or "What was done".
type Section struct {
	Title string `json:"title"`
	Facts []Fact `json:"facts"`
}

// Fact is a label and a value; a fact without a label is a line of text.
type Fact struct {
	Label string `json:"label,omitempty"`
	Value string `json:"value"`
}
