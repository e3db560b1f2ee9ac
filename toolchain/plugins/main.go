// One binary for every plugin: the name it is started by says which. They
// share most of their code, so together they take a fraction of the room and
// of the build time that they take apart.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"workstation/toolchain/command"
	"workstation/toolchain/langhost"
	"workstation/toolchain/plugins/codegen"
	"workstation/toolchain/plugins/docker"
	"workstation/toolchain/plugins/random"
)

// Set by the linker from versions.json.
var (
	engineVersion  string
	dockerVersion  string
	randomVersion  string
	commandVersion string
)

func main() {
	switch name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"); name {
	case "pulumi-language-nodejs":
		langhost.Main("v"+engineVersion, codegen.Program)
	case "pulumi-resource-docker":
		docker.Main(dockerVersion)
	case "pulumi-resource-random":
		random.Main(randomVersion)
	case "pulumi-resource-command":
		command.Main(commandVersion)
	default:
		fmt.Fprintf(os.Stderr, "%s: this binary holds pulumi-language-nodejs, pulumi-resource-docker, "+
			"pulumi-resource-random and pulumi-resource-command: start it by one of these names\n", name)
		os.Exit(2)
	}
}
