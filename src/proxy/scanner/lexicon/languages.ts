import { unaccented } from '../text/plain.ts';

/*
 * The same intentions in other languages: an attacker writes in whichever the filter does not read, the model reads
 * them all. Whole phrases only, for single words mean too much. Patterns over one folded sentence.
 */

/** What a phrase of another language does. */
export type Intention = 'override' | 'conceal' | 'no-consent' | 'sensitive' | 'handover';

interface Language {
  readonly override: string;
  readonly conceal: string;
  readonly 'no-consent': string;
  /** What is worth stealing. */
  readonly sensitive: string;
  /** Taking it or passing it on. */
  readonly handover: string;
}

const G = (length: number): string => `[^\\n]{0,${length}}`;

const LANGUAGES: readonly Language[] = [
  {
    // German
    override: `\\b(?:ignorier|missacht|vergiss|vergess|umgeh|überschreib|überspring|verwirf)\\w{0,3}\\b${G(40)}(?:anweisung|instruktion|vorgabe|richtlinie|regeln|systemprompt|sicherheits|befehle|beschränkung)`,
    conceal: `\\b(?:sag|erzähl|teil|informier|erwähn|zeig|verrat|verrät|offenbar|benachrichtig|melde)\\w{0,5}\\b${G(40)}\\b(?:benutzer|nutzer|anwender|user|niemand)\\w{0,3}\\b${G(30)}\\b(?:nicht|nichts|nie|niemals)\\b|\\bohne\\b${G(25)}(?:benutzer|nutzer|anwender)\\w{0,3}\\b${G(30)}(?:informieren|wissen|mitzuteilen|benachrichtigen|zu erzählen|zu sagen)|\\b(?:nicht|niemals|nie)\\b${G(25)}\\b(?:benutzer|nutzer|anwender)\\w{0,3}${G(20)}(?:erwähn|verrat|offenleg|mitteil|anzeig|informier|sag|erzähl)|(?:vor|gegenüber) dem (?:be)?nutzer${G(15)}(?:verberg|verbirg|verheimlich|verschweig|geheim)|\\bverschweig\\w{0,3}\\b`,
    'no-consent': `\\bohne\\b${G(45)}(?:bestätigung|zustimmung|rückfrage|nachfrage|nachzufragen|genehmigung|erlaubnis|einwilligung|freigabe|zu fragen)`,
    sensitive: '\\b(?:private[nrs]?|geheime[nrs]?|ssh|api)[ -]?schlüssel|\\bpasswort|\\bpasswörter|\\bkennw[oö]rt|\\bzugangsdaten|\\banmelde(?:daten|informationen)|\\bumgebungsvariable|\\b(?:gesprächs|chat)verlauf|\\bsystem-?prompt|\\b(?:gesamte|vollständige|ganze)[nrs]? (?:unterhaltung|konversation|gespräch)',
    handover: '\\b(?:sendet|übermittelt|überträgt|leitet|liest|kopiert|lädt|lies|lesen sie|öffne|sende|schicke|leite|übermittle|übertrage|füge|hänge|lade|kopiere|gib|übergib)(?:n sie)?\\b|\\b(?:senden|schicken|leiten|übermitteln|hängen|fügen|laden|geben|übergeben) sie\\b',
  },
  {
    // French
    override: `\\b(?:ignore[rz]?|oublie[rz]?|néglige[rz]?|contourne[rz]?|outrepasse[rz]?|ne tiens pas compte|ne tenez pas compte|passe[rz]? outre)\\b${G(40)}(?:instructions? (?:précédent|ci-dessus|antérieur|système|du système|initial|de sécurité)|consignes|règles (?:de|précédent|ci-dessus|du)|directives (?:précédent|ci-dessus|du|de)|restrictions de)`,
    conceal: `\\b(?:ne|n')(?: le| lui| en| l')? ?(?:dis|dites|informe[sz]?|mentionne[sz]?|révèle[sz]?|révélez|montre[sz]?|signale[sz]?|parle[sz]?|avertis\\w{0,4}|préviens|prévenez|divulgue[sz]?)\\b${G(15)}\\b(?:pas|jamais|rien)\\b${G(45)}(?:utilisateur|usager|personne|cela|ceci|cette)|\\b(?:sans|ne pas|ne jamais)(?: en| le| l'| jamais)? ?(?:informer|prévenir|avertir|dire|mentionner|révéler|signaler|divulguer)\\b${G(30)}(?:utilisateur|usager|personne|cela|ceci|cette)|à l'insu de`,
    'no-consent': `\\bsans\\b${G(35)}(?:confirmation|approbation|autorisation|l'accord|consentement|permission de|demander|confirmer)`,
    sensitive: `\\bclés? (?:privées?|ssh|api|secrètes?|d'api)|\\bmots? de passe|\\bidentifiants (?:de|d'|stock)|\\bjetons? d'|\\bvariables d'environnement|\\bhistorique (?:de|des|complet) |\\bprompt système|\\b(?:contexte complet|intégralité|totalité|contenu|ensemble) de la conversation|\\btoute la conversation`,
    handover: `\\b(?:transmet|envoie|transfère|partage|téléverse|lit|lis|lisez|ouvre|ouvrez|envoie|envoyez|transmets|transmettez|transfère|transférez|ajoute|ajoutez|inclus|incluez|joins|joignez|copie|copiez|passe|passez|mets|mettez)\\b`,
  },
  {
    // Spanish
    override: `\\b(?:ignor[ae]|olvid[ae]|descart[ae]|omit[ae]|desobedece|anul[ae]|salta|sáltate|haz caso omiso)\\w{0,4}\\b${G(40)}(?:instrucciones|indicaciones|reglas|directrices|órdenes|restricciones)`,
    conceal: `\\b(?:no|nunca|jamás|sin)(?: se| lo| le)* (?:digas?|informes?|menciones?|reveles?|muestres?|notifiques?|avises?|comentes?|cuentes?|informar|avisar|mencionar|notificar|decir|revelar|mostrar)\\w{0,4}\\b${G(40)}(?:usuario|esto|este|nadie|persona)|\\b(?:oculta|esconde)\\w{0,3}\\b${G(20)}(?:al|del) usuario|sin (?:el conocimiento|que (?:el usuario|lo sepa))`,
    'no-consent': `\\bsin\\b${G(35)}(?:confirmación|aprobación|autorización|permiso|consentimiento|preguntar|confirmar|consultar)`,
    sensitive: '\\b(?:claves?|llaves?) (?:privadas?|ssh|api|secretas?|de api)|\\bcontraseñas?|\\bcredenciales|\\btokens? de acceso|\\bvariables de entorno|\\bhistorial (?:de|del|completo)|\\btoda la conversación|\\bprompt del sistema',
    handover: '\\b(?:transmite|comparte|sube|lee|lea|abre|abra|envía|envíe|reenvía|reenvíe|sube|suba|transmite|transmita|incluye|incluya|adjunta|adjunte|añade|añada|agrega|agregue|copia|copie|pasa|pase|pon|ponga)\\b',
  },
  {
    // Portuguese
    override: `\\b(?:ignor[ea]|esqueça|esqueca|desconsidere|descarte|contorne)\\w{0,4}\\b${G(40)}(?:instruções|orientações|regras|diretrizes|ordens|restrições)`,
    conceal: `\\b(?:não|nunca|jamais|sem)(?: o| lhe)? (?:diga|conte|informe|informar|mencione|mencionar|revele|revelar|mostre|mostrar|avise|avisar|notifique|notificar|fale)\\w{0,3}\\b${G(40)}(?:usuário|utilizador|isso|isto|este|ninguém)|\\b(?:oculte|esconda)\\b${G(20)}(?:do|ao) (?:usuário|utilizador)|sem o conhecimento`,
    'no-consent': `\\bsem\\b${G(35)}(?:confirmação|aprovação|autorização|permissão|consentimento|perguntar|pedir|confirmar)`,
    sensitive: '\\bchaves? (?:privadas?|ssh|api|secretas?|de api)|\\bsenhas?\\b|\\bcredenciais|\\btokens? de acesso|\\bvariáveis de ambiente|\\bhistórico (?:da|de|completo)|\\btoda a conversa',
    handover: '\\b(?:envia|encaminha|transmite|compartilha|leia|abra|envie|encaminhe|transmita|inclua|anexe|adicione|copie|passe|coloque)\\b',
  },
  {
    // Italian
    override: `\\b(?:ignora|dimentica|trascura|aggira|scavalca|disattendi)\\w{0,3}\\b${G(40)}(?:istruzioni|regole|direttive|indicazioni|restrizioni)`,
    conceal: `\\b(?:non|mai|senza)(?: lo| mai)? (?:dire|dirlo|informare|menzionare|rivelare|mostrare|avvisare|notificare|comunicare)\\w{0,3}\\b${G(40)}(?:utente|questo|questa|ciò|nessuno)|\\bnascondi\\w{0,4}\\b${G(20)}(?:all'|dall')utente|all'insaputa`,
    'no-consent': `\\bsenza\\b${G(35)}(?:conferma|approvazione|autorizzazione|permesso|consenso|chiedere)`,
    sensitive: `\\bchiav[ei] (?:privat[ae]|ssh|api|segret[ae])|\\bcredenziali|\\bvariabili d'ambiente|\\bcronologia (?:della|delle|dei)|\\bintera conversazione`,
    handover: '\\b(?:trasmette|condivide|legge|leggi|apri|invia|inoltra|carica|trasmetti|includi|allega|aggiungi|copia|passa|inserisci)\\b',
  },
  {
    // Dutch
    override: `\\b(?:negeer|vergeet|omzeil|sla)\\b${G(40)}(?:instructies|aanwijzingen|richtlijnen|beperkingen)`,
    conceal: `\\b(?:vertel|zeg|meld|informeer|noem|vermeld|toon)\\b${G(40)}\\b(?:gebruiker|dit|niemand)\\b${G(20)}\\b(?:niet|niets|nooit)\\b|\\bzonder\\b${G(20)}gebruiker${G(20)}(?:te informeren|te vertellen|weet)`,
    'no-consent': `\\bzonder\\b${G(35)}(?:bevestiging|toestemming|goedkeuring|te vragen)`,
    sensitive: '\\b(?:privé|ssh|api|geheime)[ -]?sleutels?|\\bwachtwoord|\\binloggegevens|\\bomgevingsvariabelen|\\bgespreksgeschiedenis',
    handover: '\\b(?:lees|open|stuur|verstuur|upload|voeg|kopieer|geef|plaats)\\b',
  },
  {
    // Polish
    override: `\\b(?:zignoruj|ignoruj|zapomnij|pomiń|omiń)${G(40)}(?:instrukcj|polece|zasad|wytyczn|ogranicze)`,
    conceal: `\\bnie (?:mów|informuj|wspominaj|ujawniaj|pokazuj|powiadamiaj)${G(40)}(?:użytkownik|tym|nikomu)|bez wiedzy użytkownika`,
    'no-consent': `\\bbez${G(35)}(?:potwierdzeni|zgody|zatwierdzeni|pytania)`,
    sensitive: '(?:prywatn|tajn)\\w{0,4} klucz|\\bklucz\\w{0,2} (?:prywatn|ssh|api)|\\bhas[lł][oa]\\b|zmienn\\w{0,3} środowiskow|histori\\w{0,2} (?:rozmowy|czatu|konwersacji)',
    handover: '\\b(?:odczytaj|przeczytaj|otwórz|wyślij|prześlij|dołącz|dodaj|skopiuj|przekaż)',
  },
  {
    // Turkish
    override: `(?:önceki|tüm|sistem|yukarıdaki|güvenlik)${G(30)}(?:talimat|yönerge|kural|komut|istem)\\w{0,8}${G(20)}(?:yok say|görmezden gel|unut|göz ardı et)`,
    conceal: `kullanıcıya${G(30)}(?:söyleme|bildirme|bahsetme|gösterme|açıklama|haber verme)|kullanıcıdan${G(20)}(?:gizle|sakla)`,
    'no-consent': `(?:onay|izin|rıza)\\w{0,4}${G(15)}(?:olmadan|almadan|istemeden|beklemeden)`,
    sensitive: '(?:özel|gizli|ssh|api) anahtar|parola|şifre|kimlik bilgi|ortam değişken|(?:konuşma|sohbet) geçmiş',
    handover: '\\b(?:oku|gönder|yükle|ilet|ekle|kopyala|aktar)\\b',
  },
  {
    // Russian
    override: `(?:игнорируй|проигнорируй|забудь|не следуй|отбрось|обойди|пропусти)(?:те)?${G(40)}(?:инструкц|указани|правил|промпт|ограничени|команд|проверк)`,
    conceal: `(?:не|никогда не|без|нельзя)(?: [а-я]{2,8})? (?:говори|сообща|упомина|раскрыва|показыва|рассказыва|информир|уведомля|извеща)[а-я]{0,5}${G(40)}(?:пользовател|об этом|человек|никому|это)|(?:скрой|скрыва|утаи|спрячь)[а-я]{0,5}${G(30)}от пользовател|без ведома`,
    'no-consent': `(?:без${G(30)}(?:подтверждени|согласи|разрешени|одобрени)|не спрашивая|не запрашивай)`,
    sensitive: '(?:приватн|закрыт|секретн|личн)[а-я]{0,3} ключ|парол[а-я]|учетн[а-я]{2,3} данн|токен[а-я]{0,2} (?:доступ|авториз)|переменн[а-я]{1,3} (?:окружени|сред)|истори[а-я]{1,2} (?:чата|переписки|диалога|сообщений|беседы)|системн[а-я]{2,3} (?:промпт|подсказк)|ssh-?ключ|api-?ключ',
    handover: '(?:прочитай|прочти|открой|отправь|перешли|загрузи|передай|добавь|включи|приложи|скопируй|вставь)(?:те)?',
  },
  {
    // Chinese, both scripts
    override: `(?:忽略|无视|無視|忽視|忘记|忘掉|忘記|不要理会|覆盖|覆蓋|绕过|繞過|跳过|跳過|不要遵守|不要遵循)${G(12)}(?:之前|以前|先前|前面|上述|以上|上面|所有|系统|系統|原有|安全|任何|全部|一切)${G(10)}(?:指令|指示|提示|规则|規則|说明|說明|命令|限制|检查|檢查|设定|約束|约束|准则|策略)`,
    conceal: `(?:不要|不得|请勿|請勿|切勿|别|別|不可|不能|禁止|无需|無需|不必|不用|绝不|勿)${G(8)}(?:告诉|告訴|告知|通知|提及|透露|披露|提到|显示|顯示|展示|让|讓|提醒|說明|说明)${G(12)}(?:用户|用戶|使用者|他人|任何人|此步|这一步|这个|這個|此操作|该操作|步骤|步驟)|(?:对|對|向)(?:用户|用戶|使用者)${G(6)}(?:隐藏|隱藏|隐瞒|隱瞞|保密|提及|透露)|(?:用户|用戶|使用者)${G(4)}(?:不知情|不知道|未察觉)`,
    'no-consent': `(?:无需|無需|不需要|不必|不用|无须|未经|未經|跳过|跳過|绕过|不要|直接)${G(10)}(?:用户|用戶|使用者)${G(6)}(?:确认|確認|批准|同意|授权|授權|许可|許可)|(?:无需|無需|不需要|不必|跳过|跳過|未经)${G(4)}(?:确认|確認|批准|同意|授权|授權|许可)`,
    sensitive: '私钥|私鑰|密钥|密鑰|密码|密碼|凭证|凭据|憑證|访问令牌|環境變數|环境变量|对话(?:历史|记录|内容)|對話(?:歷史|記錄)|聊天记录|聊天記錄|系统提示|系統提示|身份验证|口令',
    handover: '读取|讀取|打开|发送|發送|上传|上傳|转发|轉發|传递|傳遞|附上|提交|包含|复制|複製|写入|传输|傳輸|附加|发给',
  },
  {
    // Japanese
    override: `(?:以前|前|これまで|上記|すべて|全て|全|システム|安全|元)の?${G(14)}(?:指示|命令|プロンプト|ルール|制約|指令|規則|制限)${G(8)}(?:無視|忘れ|従わない|従わず|上書き|破棄)`,
    conceal: `(?:ユーザー|ユーザ|利用者|使用者)(?:に|へ|には)${G(40)}(?:言わない|伝えない|知らせない|知らせず|教えない|通知しない|通知せず|告げない|見せない|明かさない|報告しない|言及しない|隠し|伏せ)|(?:ユーザー|ユーザ|利用者)に?${G(6)}(?:気づかれ|知られ|内緒)`,
    'no-consent': `(?:確認|承認|許可|同意)${G(14)}(?:なし|無し|せず|求めず|不要|省略|スキップ|取らず|得ず|得ない)`,
    sensitive: '秘密鍵|パスワード|認証情報|資格情報|アクセストークン|環境変数|会話(?:履歴|内容|の全)|システムプロンプト|apiキー',
    handover: '読み取|読み込|読んで|開いて|送信|転送|アップロード|添付|含め|渡し|渡す|コピー|追加',
  },
  {
    // Korean
    override: `(?:이전|앞선|위의|모든|기존|시스템|안전)${G(30)}(?:지시|명령|프롬프트|규칙|지침|제한)${G(16)}(?:무시|잊|따르지)`,
    conceal: `(?:사용자|유저)(?:에게|한테|께)${G(50)}(?:말하지|알리지|언급하지|밝히지|보여주지|공개하지|알려주지|숨기)|사용자 ?몰래`,
    'no-consent': `(?:확인|승인|동의|허락|허가)${G(16)}(?:없이|받지|구하지|생략|건너뛰)`,
    sensitive: '개인 ?키|비밀 ?키|비밀번호|자격 ?증명|(?:액세스|인증) ?토큰|환경 ?변수|대화 ?(?:내용|기록)|시스템 ?프롬프트',
    handover: '읽|열어|보내|전송|전달|업로드|첨부|포함|복사',
  },
  {
    // Arabic
    override: `(?:تجاهل|انس|تجاوز)${G(30)}(?:التعليمات|الأوامر|القواعد|القيود)`,
    conceal: `(?:لا تخبر|لا تذكر|دون إخبار|دون علم|أخف)${G(30)}(?:المستخدم|ذلك|هذا)|دون علم`,
    'no-consent': '(?:دون|بدون)(?: \\S{1,12}){0,3} (?:تأكيد|موافقة|إذن)',
    sensitive: 'المفتاح الخاص|كلمة المرور|كلمات المرور|بيانات الاعتماد|متغيرات البيئة|سجل المحادثة',
    handover: 'اقرأ|أرسل|ارفع|أضف|انسخ|مرر',
  },
  {
    // Hindi
    override: `(?:पिछले|सभी|सिस्टम|पूर्व)${G(30)}(?:निर्देश|आदेश|नियम)${G(16)}(?:अनदेखा|नज़रअंदाज़|भूल)`,
    conceal: `(?:उपयोगकर्ता|यूज़र)${G(20)}(?:न बताए|मत बताए|न बताओ|मत बताओ|सूचित न|छिपा)`,
    'no-consent': '(?:पुष्टि|अनुमति|सहमति)(?: \\S{1,12}){0,2} (?:बिना|लिए बिना)|बिना (?:पुष्टि|अनुमति|सहमति)',
    sensitive: 'निजी कुंजी|पासवर्ड|क्रेडेंशियल|बातचीत का इतिहास',
    handover: 'पढ़|भेज|अपलोड|कॉपी|जोड़',
  },
];

const INTENTIONS: readonly Intention[] = ['override', 'conceal', 'no-consent', 'sensitive', 'handover'];

// One expression per intention and kind of letters: a Latin sentence never runs into the patterns for Chinese.
const isLatin = (language: Language): boolean => !/[^\0-\u024f]/.test(language.override);
const PATTERNS = new Map(
  [true, false].map((latin) => [
    latin,
    INTENTIONS.map((intention) => [intention, new RegExp(unaccented(LANGUAGES.filter((language) => isLatin(language) === latin).map((language) => language[intention]).join('|')))] as const),
  ]),
);

/** What a folded sentence does in one of these languages, with the place of each phrase. */
export function intentionsIn(sentence: string): ReadonlyMap<Intention, { readonly start: number; readonly end: number }> {
  const found = new Map<Intention, { readonly start: number; readonly end: number }>();
  // Accents are gone by now, so words and not letters tell a language of Latin letters apart.
  for (const [intention, pattern] of PATTERNS.get(!/[^\0-\u024f]/.test(sentence)) ?? []) {
    const match = pattern.exec(sentence);
    if (match !== null) found.set(intention, { start: match.index, end: match.index + match[0].length });
  }
  return found;
}
