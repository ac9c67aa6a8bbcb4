package conf_test

import (
	"fmt"
	"time"

	"riposte.dev/conf"
)

func ExampleDocument_Decode() {
	type Rule struct {
		ID       string        `yaml:"id" conf:"required"`
		Severity string        `yaml:"severity"`
		Cooldown time.Duration `yaml:"cooldown"`
	}
	doc, err := conf.Parse("rules/stop.yaml", []byte("sevrity: HIGH\ncooldown: 60\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	var rule Rule
	fmt.Println(doc.Decode(&rule))
	// Output:
	// rules/stop.yaml:1:1: unknown field "sevrity" — did you mean "severity"?
	// rules/stop.yaml:1:1: the required field "id" is missing — add id:
	// rules/stop.yaml:2:11: cooldown must be a duration, not the number 60 — write a number and a unit: "30s", "5m", "1h30m"
}
