/**
 * Words that name no field when they stand in a server's name: "weather-mcp-server" is about weather.
 * How it was made: written by hand from naming habits of package registries.
 */
export const GENERIC_SERVER_WORDS: ReadonlySet<string> = new Set(
  `mcp mcps server servers api apis tool tools toolkit client service services integration official unofficial
  smithery ai agent agents assistant model context protocol py python js ts node nodejs typescript golang simple
  basic my test demo example dev local remote new v1 v2 v3 beta the for and with so hub plus pro app core lite
  fast fastmcp connector wrapper suite`.split(/\s+/),
);
