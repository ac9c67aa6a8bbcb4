package slack_test

import (
	"fmt"

	"riposte.dev/fault"
	"riposte.dev/notify/slack"
)

// The URL comes from a file, because it is all that it takes to write to the Slack channel.
func ExampleNew() {
	c, err := slack.New(slack.Config{Name: "ops", URLFile: "/etc/riposte/slack-url"})
	fmt.Println(c.Name(), err)
	_, err = slack.New(slack.Config{Name: "ops"})
	fmt.Println(fault.Message(err))
	// Output:
	// ops <nil>
	// slack channel "ops": name and url_file are required
}
