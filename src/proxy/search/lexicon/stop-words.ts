/**
 * English words that carry no need: articles, pronouns, auxiliaries, polite and conversational filler.
 * How it was made: written by hand from the closed word classes, plus filler common in spoken requests. No word that
 * can name an operation (get, list, set, open, find …) is here.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about after again ahead all almost already also although always am an and another any anyone anything are around
  as at away be became because been before being below between both but by came can cannot come could did do does
  doing done down during each either else enough etc even ever every everything few for from further gave go goes
  going gone got had happen has have having he help hence her here hers him himself his how however i if in
  instead into is it its itself just keep kept knew know last least less let lot made make many may maybe me mean might
  mine more most much must my myself need neither never no none nor not nothing now of off often oh ok okay on once
  one only onto or other others otherwise ought our ours ourselves out over own per perhaps please pretty quite rather
  really same see seem shall she should since so some someone something somewhere soon still such sure take than thank
  thanks that the their theirs them themselves then there therefore these they thing things this those though through
  throughout thus till to together too toward towards under unless until unto up upon us use used using very via want
  wanted wants was way we well went were what whatever when whenever where wherever whether which while who whoever
  whole whom whose why will wish with within without wont would yes yet you your yours yourself yourselves
  im ive id ill youre youve youd youll hes shes theyre theyve weve were thats theres whats lets dont doesnt didnt isnt
  arent wasnt werent cant couldnt wouldnt shouldnt havent hasnt hadnt aint
  hey hi hello guys folks kind kinda sort sorta stuff gonna wanna gotta actually basically honestly literally simply
  specifically especially particularly essentially exactly bit able given specified provided following such eg ie
  trying try tried working looking wondering hoping thinking stuck appreciate love like likes nice good great cool
  super awesome right quick quickly easily easy possible ideally definitely probably`.split(/\s+/),
);
